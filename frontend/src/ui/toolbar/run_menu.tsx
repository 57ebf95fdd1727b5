/** The button of the list of runs: how many of them are shown. */

import * as selection from "../../view/selection/selection";
import { runs } from "../../view/settings/settings";
import { later } from "../overlays/later";
import { Menu } from "../widgets/controls";

const List = later(async () => (await import("../later_parts")).RunList);

export function RunMenu() {
  const all = selection.runsWithData.value.length;
  const shown = selection.shownRuns.value.length;
  return (
    <Menu
      icon="runs"
      text={runs.label}
      tip={runs.tip}
      badge={selection.boardOpen.value ? `${all}` : `${shown} of ${all}`}
    >
      <List />
    </Menu>
  );
}
