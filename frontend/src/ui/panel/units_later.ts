/** The units of a split layer, which are no part of the first pictures. */

import { later } from "../overlays/later";

export const LateUnits = later("Units");
