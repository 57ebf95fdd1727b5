/** How long a piece of work may hold up the page: short while the user moves anything, longer otherwise. */

const MOVING_MS = 8;
/** With style, layout and paint of the frame it stays within 50 ms. */
const STILL_MS = 24;
/** Each frame takes longer than its script, so a few long ones are done sooner than many short ones. */
const FIRST_MS = 100;
/** After its last event a movement counts as going on for this long. */
const MOVEMENT_MS = 200;

let moved_ms = Number.NEGATIVE_INFINITY;
let still_ms = FIRST_MS;

/** To be called when the first pictures are there: from now on somebody may want to do something. */
export function endOpening(): void {
  still_ms = STILL_MS;
}

/** To be called at each event of a movement. */
export function noteMovement(): void {
  moved_ms = performance.now();
}

export function slice_ms(): number {
  return performance.now() - moved_ms < MOVEMENT_MS ? MOVING_MS : still_ms;
}
