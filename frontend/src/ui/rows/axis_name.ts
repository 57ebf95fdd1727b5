/** What the time axis counts, in words. */

import { AXIS_NAMES } from "../../math/step_axis";
import * as settings from "../../view/settings/settings";

export function axisName(): string {
  return `${AXIS_NAMES[settings.time.value]} →`;
}
