/** The button of the list of findings: how many there are, and whether all is known. */

import { formatCounted } from "../../math/format";
import { errors, hiddenSickRuns, NOTHING_CHECKED, progress } from "../../view/findings/findings";
import { incidents } from "../../view/findings/incidents";
import { Menu } from "../widgets/controls";
import { LateFindingsList } from "./findings_later";

/** Id of the list. */
export const FINDINGS_LIST = "findings";

export function FindingsMenu() {
  const { runs, unchecked, pending } = progress.value ?? NOTHING_CHECKED;
  if (runs + pending + errors.value.length === 0) return null;
  return (
    <Menu
      id={FINDINGS_LIST}
      icon="findings"
      text="Findings"
      tip="What looks wrong, worst first"
      badge={badge(incidents.value.length, hiddenSickRuns.value.length, unchecked.length > 0)}
    >
      <LateFindingsList />
    </Menu>
  );
}

/** "3", "3 + 5 hidden runs" with hidden runs in which something looks wrong, "3…" while not all is known. */
function badge(count: number, hidden: number, more: boolean): string {
  if (more && count + hidden === 0) return "…";
  return `${count}${hidden > 0 ? ` + ${formatCounted(hidden, "hidden run")}` : ""}${more ? "…" : ""}`;
}
