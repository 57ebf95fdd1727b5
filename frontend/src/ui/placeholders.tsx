/** The page without heatmaps: loading, nothing logged, nothing found, the server gone. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { askIndex, failure, index } from "../view/catalog/catalog";
import { askLogDirectory, logDirectory } from "../view/catalog/log_directory";
import * as selection from "../view/selection/selection";
import * as settings from "../view/settings/settings";
import { copyText } from "./widgets/clipboard";
import { IconButton } from "./widgets/controls";

const EXAMPLE = `from tb_activation_hist import ActivationHistLogger

with ActivationHistLogger(model, "runs/first") as hist:
    for x, y in loader:
        loss = loss_fn(model(x), y); loss.backward()
        optimizer.step(); optimizer.zero_grad()
        hist.step(loss=loss)`;

const COPIED_MS = 1500;

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
      <h2>TensorBoard did not answer</h2>
      <p>{failure}</p>
      <button type="button" class="button primary" onClick={() => void askIndex()}>
        Try again
      </button>
    </div>
  );
}

/** Nothing was logged: how to. */
export function Empty() {
  const copied = useSignal("");
  useEffect(() => void askLogDirectory(), []);
  const copy = async () => {
    copied.value = await copyText(EXAMPLE);
    window.setTimeout(() => {
      copied.value = "";
    }, COPIED_MS);
  };
  const warnings = index.value?.warnings ?? [];
  return (
    <div class="message">
      <h2>No activation histograms yet</h2>
      <p>
        TensorBoard found no run with layer histograms in{" "}
        {logDirectory.value === "" ? "its log directory" : <code>{logDirectory}</code>}. This page looks again
        every few seconds, so it can stay open while a training starts. To record one:
      </p>
      <div class="code">
        <pre>
          <code>{EXAMPLE}</code>
        </pre>
        <IconButton
          icon="copy"
          text={copied.value || "Copy"}
          tip="Copy the code"
          onClick={() => void copy()}
        />
      </div>
      <p>
        With fastai: <code>Learner(…, cbs=ActivationHistCallback("runs/first"))</code>. Histograms written
        with <code>add_histogram</code> appear here too.
      </p>
      <WarningList warnings={warnings} />
    </div>
  );
}

export function NothingFound() {
  const noRuns = selection.shownRuns.value.length === 0;
  return (
    <div class="message" role="status">
      <h2>{noRuns ? "No run is chosen" : "No layer matches"}</h2>
      <p>
        {noRuns
          ? `${selection.runsWithData.value.length} runs have data.`
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
