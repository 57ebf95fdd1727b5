/** How long a piece of work may hold up the page: short while the user moves anything, longer otherwise. */

const MOVING_MS = 8;
/** Each frame takes longer than its script, so a few long ones are done sooner than many short ones. */
const STILL_MS = 100;
/** After its last event a movement counts as going on for this long. */
const MOVEMENT_MS = 200;

let moved_ms = Number.NEGATIVE_INFINITY;

/** To be called at each event of a movement. */
export function noteMovement(): void {
  moved_ms = performance.now();
}

export function slice_ms(): number {
  return performance.now() - moved_ms < MOVEMENT_MS ? MOVING_MS : STILL_MS;
}
