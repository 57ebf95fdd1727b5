/** Above the board: filter, groups, how many runs are sick, how far the search for what is wrong is. */

import { formatCounted, formatExact } from "../../math/format";
import type { Severity } from "../../series/types";
import { runFilter, sortedRuns } from "../../view/board/board_rows";
import { isSick } from "../../view/board/health";
import { NOTHING_CHECKED, progress } from "../../view/findings/findings";
import { runsWithData } from "../../view/selection/selection";
import { boardFilter, boardGroup } from "../../view/settings/settings";
import { RUN_FILTER_ID } from "../input/commands";
import { ChoiceField } from "../settings/choice_field";
import { Icon } from "../widgets/icons";
import { FRAMES, THICKNESS_PX } from "./strip";

const SICK = "worst=sick";

export function BoardBar() {
  const { error } = runFilter.value;
  return (
    <div class="board-bar">
      <div class={`filter${error ? " bad" : ""}`}>
        <Icon name="search" />
        <input
          id={RUN_FILTER_ID}
          type="search"
          placeholder="Filter runs: words, lr=1, loss<0.5"
          aria-label={boardFilter.label}
          aria-invalid={error !== ""}
          title={error || boardFilter.tip}
          value={boardFilter.value}
          onInput={(event) => {
            boardFilter.value = event.currentTarget.value;
          }}
        />
      </div>
      <ChoiceField setting={boardGroup} />
      <SickButton />
      <span class="facts-line" role="status">
        {status()}
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

function status(): string {
  const all = runsWithData.value.length;
  const { runs, unchecked } = progress.value ?? NOTHING_CHECKED;
  const shown = sortedRuns.value.length;
  const counted =
    shown === all ? formatCounted(all, "run") : `${formatExact(shown)} of ${formatCounted(all, "run")}`;
  const checked = runs - unchecked.length;
  if (progress.value === null) return `${counted} · checking…`;
  return checked < runs
    ? `${counted} · checked ${formatExact(checked)} of ${formatExact(runs)}`
    : `${counted} · all checked`;
}
