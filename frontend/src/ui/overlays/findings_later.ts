/** What is said about the runs that the server looked at. */

import { parting } from "../../view/settings/settings";
import { later } from "./later";

const load = () => import("../later_parts");
const parts = () => parting.value !== "off";

export const LateFindingsList = later(async () => (await load()).FindingsList);
export const LateIncidentPane = later(async () => (await load()).IncidentPane);
export const LatePartingBar = later(async () => (await load()).PartingBar, parts);
export const LatePartingLine = later(async () => (await load()).PartingLine, parts);
