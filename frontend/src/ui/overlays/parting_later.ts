/** The parts of parting_part.tsx, which is loaded when they are wanted. */

import { parting } from "../../view/settings/settings";
import { later } from "./later";

const load = () => import("./parting_part");
const wanted = () => parting.value !== "off";

export const LatePartingBar = later(async () => (await load()).PartingBar, wanted);
export const LatePartingLine = later(async () => (await load()).PartingLine, wanted);
