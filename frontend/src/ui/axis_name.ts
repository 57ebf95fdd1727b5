/** What the time axis counts, in words. */

import * as settings from "../state/settings";

const AXIS_NAMES = {
  step: "step",
  log_step: "step (log)",
  epoch: "epoch",
  relative: "time since start",
  wall: "clock time",
  share: "share of the run",
} as const;

export function axisName(): string {
  return `${AXIS_NAMES[settings.time.value]} →`;
}
