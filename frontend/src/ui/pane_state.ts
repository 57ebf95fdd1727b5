/** Whether the settings pane is open. */

import { signal } from "@preact/signals";

export const paneOpen = signal(false);
