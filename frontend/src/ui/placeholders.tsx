/** The page without heatmaps: loading, nothing found, the server gone. */

import { askIndex, failure } from "../view/catalog/catalog";
import * as selection from "../view/selection/selection";
import * as settings from "../view/settings/settings";

export function Loading() {
  if (failure.value !== "") return <Unreachable />;
  return (
    <div class="page-skeleton" role="status" aria-label="Loading the list of runs">
      {Array.from({ length: 5 }, (_, at) => (
        <div key={at} class="skeleton-row">
          <span />
          <span />
          <span />
        </div>
      ))}
    </div>
  );
}

function Unreachable() {
  return (
    <div class="message" role="alert">
      <h2>No data from TensorBoard</h2>
      <p>{failure}</p>
      <button type="button" class="button primary" onClick={() => void askIndex()}>
        Try again
      </button>
    </div>
  );
}

export function NothingFound() {
  const noRuns = selection.shownRuns.value.length === 0;
  return (
    <div class="message" role="status">
      <h2>{noRuns ? "No run to show" : "No layer matches"}</h2>
      <p>
        {noRuns
          ? `None of the ${selection.runsWithData.value.length} runs is chosen.`
          : `None of the ${selection.allLayers.value.length} layers matches the filter and the chosen module types.`}
      </p>
      <button
        type="button"
        class="button primary"
        onClick={() => {
          if (noRuns) settings.runs.value = null;
          else {
            settings.filter.value = "";
            settings.types.value = [];
          }
        }}
      >
        {noRuns ? "Show runs" : "Clear the filter"}
      </button>
    </div>
  );
}

export function WarningList({ warnings }: { readonly warnings: readonly string[] }) {
  if (warnings.length === 0) return null;
  return (
    <ul class="warnings">
      {warnings.map((warning) => (
        <li key={warning}>{warning}</li>
      ))}
    </ul>
  );
}
