/** Colours and buttons of the layers, which come after the first pictures. */

import { later } from "../overlays/later";

export const LateBars = later("Bars");
export const LateRowActions = later("RowActions");
