/** Above the board: filter, groups, how many runs are sick, how far the search for what is wrong is. */

import { formatExact } from "../../math/format";
import type { Severity } from "../../series/types";
import { sortedRuns } from "../../view/board/board_rows";
import { checkedToText, isSick } from "../../view/board/health";
import { runsWithData } from "../../view/selection/selection";
import { boardFilter, boardGroup } from "../../view/settings/settings";
import { RunFilter } from "../input/run_filter";
import { ChoiceField } from "../settings/choice_field";
import { FRAMES, THICKNESS_PX } from "./strips";

const SICK = "worst=sick";

export function BoardBar() {
  return (
    <div class="board-bar">
      <RunFilter />
      <ChoiceField setting={boardGroup} />
      <SickButton />
      <span class="facts-line" role="status">
        {checkedToText(sortedRuns.value.length)}
      </span>
      <span class="spring" />
      <span class="board-legend facts-line">
        <Frame severity="error" /> error <Frame severity="warning" /> warning <Frame severity="info" /> info
      </span>
    </div>
  );
}

/** As the cells have it. */
function Frame({ severity }: { readonly severity: Severity }) {
  return <span class="frame" style={{ border: `${THICKNESS_PX[severity]}px solid ${FRAMES[severity]}` }} />;
}

/** Shows only the runs in which something looks wrong, and all again. */
function SickButton() {
  const sick = runsWithData.value.filter(({ name }) => isSick(name)).length;
  const only = boardFilter.value === SICK;
  if (sick === 0 && !only) return null;
  return (
    <button
      type="button"
      class="button"
      aria-pressed={only}
      title="Show only the runs that have findings"
      onClick={() => {
        boardFilter.value = only ? "" : SICK;
      }}
    >
      {formatExact(sick)} sick
    </button>
  );
}
