/** What is written over the panels, which comes after the first pictures. */

import { later } from "../overlays/later";

const load = () => import("../later_parts");

export const LatePanelNotes = later(async () => (await load()).PanelNotes);
export const LateScaleName = later(async () => (await load()).ScaleName);
