/** The name of a run at the head of its panels. */

import { baselineRun, wantsDifference } from "../../view/panel/compare";
import { splitRank } from "../../view/selection/ranks";
import { runColour, type ShownRun, shortRunNames, soloRun } from "../../view/selection/selection";
import { CutName } from "../widgets/cut_name";

export function RunName({ run }: { readonly run: ShownRun }) {
  const { cadence, overhead } = run.info;
  const recorded = cadence ? ` — recorded ${cadence}${overhead ? `, adding ${overhead}` : ""}` : "";
  const split = splitRank(run.name);
  return (
    <button
      type="button"
      class="run-name"
      title={`${run.name}${recorded}. Double-click or Enter: show this run only.`}
      // The second click of two; keys click without a count of clicks.
      onClick={({ detail }) => detail % 2 === 0 && soloRun(run.name)}
    >
      <span class="swatch" style={{ background: runColour(run.at) }} aria-hidden="true" />
      {split === null ? (
        <CutName name={shortRunNames.value.get(run.name) ?? run.name} />
      ) : (
        <span class="ellipsis">
          {split.parent} <span class="count">rank {split.rank}</span>
        </span>
      )}
      {wantsDifference() ? (
        <span class="count versus">{run.name === baselineRun() ? "baseline" : "difference"}</span>
      ) : null}
    </button>
  );
}
