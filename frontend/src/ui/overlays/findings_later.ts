/** What is said about the runs that the server looked at. */

import { parting } from "../../view/settings/settings";
import { later } from "./later";

const parts = () => parting.value !== "off";

export const LateFindingsList = later("FindingsList");
export const LateIncidentPane = later("IncidentPane");
export const LatePartingBar = later("PartingBar", parts);
export const LatePartingLine = later("PartingLine", parts);
