/** What is open beside and over the page. */

import { signal } from "@preact/signals";

export const paneOpen = signal(false);
export const paletteOpen = signal(false);
