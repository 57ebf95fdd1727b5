/** What is written over the panels, which comes after the first pictures. */

import { later } from "../overlays/later";

export const LatePanelNotes = later("PanelNotes");
export const LateScaleName = later("ScaleName");
