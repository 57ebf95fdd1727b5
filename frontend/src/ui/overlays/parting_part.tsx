/** Where two runs part: a line above the heatmaps, and marks on the panels. Loaded when it is asked for. */

import { effect, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { stepToUnit } from "../../math/column_spans";
import { formatCounted, nameSteps } from "../../math/format";
import type { ComparedLayer, Comparison } from "../../series/types";
import { showStep } from "../../view/board/reveal_incident";
import { client, index } from "../../view/catalog/catalog";
import { comparedRun } from "../../view/findings/compared_run";
import { comparison, equalShown, partingOf, tagsToFold } from "../../view/findings/parting";
import { plot_px } from "../../view/layout/metrics";
import { foldedTags } from "../../view/layout/rows";
import { baselineRun } from "../../view/panel/compare";
import type { PanelView } from "../../view/panel/panel_view";
import { allLayers } from "../../view/selection/selection";
import * as settings from "../../view/settings/settings";
import { box } from "../widgets/box";

/** Growing runs are compared again this long after they grew: much is read for it. */
const AGAIN_MS = 5000;

/** Why the runs cannot be compared; "" when they can. */
const problem = signal("");

function askWhileShown(): () => void {
  return effect(() => {
    const mode = settings.parting.value;
    const [a, b, revision] = [baselineRun(), comparedRun.value, index.value?.revision];
    if (mode === "off" || b === "" || revision === undefined) return;
    const known = comparison.peek();
    const same = known !== null && known.a === a && known.b === b && known.mode === mode;
    if (!same) comparison.value = null;
    const abort = new AbortController();
    const timer = window.setTimeout(() => void ask(a, b, mode, abort.signal), same ? AGAIN_MS : 0);
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  });
}

function foldWhileShown(): () => void {
  const stop = effect(() => {
    foldedTags.value = tagsToFold.value;
  });
  return () => {
    stop();
    foldedTags.value = new Set();
  };
}

async function ask(a: string, b: string, mode: Comparison["mode"], signal: AbortSignal): Promise<void> {
  try {
    const answer = await client.comparison(a, b, mode, signal);
    problem.value = "";
    comparison.value = answer;
  } catch (error) {
    if (!signal.aborted) problem.value = error instanceof Error ? error.message : String(error);
  }
}

export function PartingBar() {
  useEffect(askWhileShown, []);
  useEffect(foldWhileShown, []);
  const found = comparison.value;
  return (
    <div class="parting-bar" role="status">
      {problem.value !== "" ? (
        <span class="severity error">{problem.value}</span>
      ) : found === null ? (
        <span>
          Comparing {comparedRun.value} with {baselineRun()}…
        </span>
      ) : (
        <Found found={found} />
      )}
      <button type="button" class="button text" onClick={() => settings.parting.reset()}>
        Close
      </button>
    </div>
  );
}

function Found({ found }: { readonly found: Comparison }) {
  const [first] = found.differing;
  const steps = nameSteps(found.first_step, found.last_step);
  const notes = found.notes.join("\n");
  if (first === undefined) {
    return (
      <span title={notes}>
        <strong>
          {found.a} and {found.b} are the same
        </strong>{" "}
        in {formatCounted(found.equal.length, "layer")}, {steps}
      </span>
    );
  }
  return (
    <>
      <span title={notes}>
        {found.b} first differs from {found.a} at <strong>step {first.first_step}</strong> in{" "}
        <strong>{first.tag.replace("activations/", "")}</strong>: {measures(first)}
      </span>
      <button
        type="button"
        class="button"
        onClick={() => showStep({ ...first, run: found.b, tags: [first.tag], last_step: first.first_step })}
      >
        Go there
      </button>
      <span class="facts-line">
        {formatCounted(found.differing.length, "layer")} of {found.differing.length + found.equal.length}{" "}
        differ
      </span>
      <EqualLayers />
    </>
  );
}

/** How many layers of what is shown do not differ, folded away or not. */
function EqualLayers() {
  const equal = allLayers.value.filter(
    ({ tag }) => tagsToFold.value.has(tag) || (equalShown.value && comparison.value?.equal.includes(tag)),
  ).length;
  if (equal === 0) return null;
  return (
    <button
      type="button"
      class="button text"
      aria-pressed={equalShown.value}
      onClick={() => {
        equalShown.value = !equalShown.value;
      }}
    >
      {equalShown.value ? "Fold" : "Show"} {formatCounted(equal, "equal layer")}
    </button>
  );
}

function measures({ moved, octaves }: ComparedLayer): string {
  if (moved === 0) return "values differ within their bins";
  return `${(100 * moved).toPrecision(2)} % of the values moved, ${octaves.toPrecision(2)} octaves on average`;
}

/** A line at the step at which a layer begins to differ; where the runs part, a frame too. */
export function PartingLine({ panel }: { readonly panel: PanelView }) {
  const mark = partingOf(panel);
  const clock = panel.clock.value;
  const columns = panel.data.tile.value?.columns;
  if (mark === null || clock === null || !columns) return null;
  const axis = panel.liveAxis.value;
  const left = axis.unitToPx(stepToUnit(axis.kind, mark.step, columns, clock), plot_px.value);
  const inside = left >= 0 && left <= plot_px.value;
  return (
    <>
      {mark.first ? <div class="parting-frame" /> : null}
      {inside ? <div class={`parting-line${mark.first ? " first" : ""}`} style={box({ left })} /> : null}
    </>
  );
}
