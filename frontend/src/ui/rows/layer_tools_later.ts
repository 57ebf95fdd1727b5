/** Colours and buttons of the layers, which come after the first pictures. */

import { later } from "../overlays/later";

const load = () => import("../later_parts");

export const LateBars = later(async () => (await load()).Bars);
export const LateRowActions = later(async () => (await load()).RowActions);
