/** How large the board is, and how far it is scrolled. */

import { signal } from "@preact/signals";

/** Of the part that scrolls, without its scroll bars. */
export const boardFrame = signal({ width_px: 0, height_px: 0 });
export const boardTop_px = signal(0);
export const boardLeft_px = signal(0);
