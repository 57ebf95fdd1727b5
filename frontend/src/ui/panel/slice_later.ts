/** The histograms of one step, which are no part of the first pictures. */

import { drawnOnce } from "../../view/screen/screen";
import { later } from "../overlays/later";

export const LateSlice = later("Slice", () => drawnOnce.value);
