/** The parts of findings_part.ts, which is loaded after the first pictures. */

import { parting } from "../../view/settings/settings";
import { later } from "./later";

const load = () => import("./findings_part");
const parts = () => parting.value !== "off";

export const LateFindingsList = later(async () => (await load()).FindingsList);
export const LatePartingBar = later(async () => (await load()).PartingBar, parts);
export const LatePartingLine = later(async () => (await load()).PartingLine, parts);
