/** What the sheet of keys lists: keys, and what a pointer does. */

import { CROSSHAIR_KEYS } from "./crosshair_keys";
import type { KeyRow } from "./key_names";
import { keyCommands } from "./keys";

export const KEYS: readonly KeyRow[] = [
  ...keyCommands.flatMap(({ label, keys, shift }) =>
    keys ? [{ keys, does: label + withShift(label, shift) }] : [],
  ),
  ...CROSSHAIR_KEYS,
];

/** What Shift makes of it, from the first word that is another one. */
function withShift(label: string, shift = ""): string {
  if (shift === "") return "";
  const same = [...shift].findIndex((letter, at) => letter !== label[at]);
  return ` (Shift: ${shift.slice(shift.lastIndexOf(" ", same) + 1)})`;
}

export const GESTURES: readonly KeyRow[] = [
  {
    keys: ["drag"],
    does: "Zoom the time axis of all panels; diagonally: also the values of the row; on an axis: only that axis",
  },
  { keys: ["Shift + drag"], does: "Zoom the values of the row (also straight up or down)" },
  {
    keys: ["Ctrl + wheel", "pinch"],
    does: "Zoom at the pointer (with Shift, or with one finger above the other: values)",
  },
  { keys: ["Space + drag"], does: "Move the visible part (also with Alt, or the middle button)" },
  {
    keys: ["timeline"],
    does: "Drag to show a range of steps, drag its ends to change it; click to pin a step or to open a finding",
  },
  { keys: ["double-click"], does: "Reset zoom" },
  { keys: ["click", "tap"], does: "Pin the step; on a strip: open the layer" },
  {
    keys: ["colour bar"],
    does: "Point (or press ← →) to see the cells of a colour; drag the ends to change the contrast",
  },
  {
    keys: ["units"],
    does: "On a panel of a layer recorded with split: show its units over the steps, coloured by a statistic",
  },
];
