/** The colours that TensorBoard gives to runs now: its own list of runs stays in its page, also while it is hidden. */

import { hostDocument } from "./parent";

/** A row has its run behind the experiment's name; one of another version of TensorBoard may have none. */
const ROWS = "runs-data-table [data-id]";
const CHANNELS = /^rgb\((\d+), (\d+), (\d+)\)/;

/** "#rrggbb" by the run's name; empty until somebody has seen that list. */
export function readRunColours(): ReadonlyMap<string, string> {
  const colours = new Map<string, string>();
  for (const row of hostDocument().querySelectorAll<HTMLElement>(ROWS)) {
    const swatch = row.querySelector<HTMLElement>(".run-color-swatch");
    const channels = CHANNELS.exec(swatch?.style.backgroundColor ?? "")?.slice(1);
    const { id = "" } = row.dataset;
    if (channels !== undefined) colours.set(id.slice(id.indexOf("/") + 1), toHex(channels.map(Number)));
  }
  return colours;
}

function toHex(channels: readonly number[]): string {
  return `#${channels.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}
