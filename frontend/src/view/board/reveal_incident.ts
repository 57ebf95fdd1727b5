/** Brings a finding into sight: its run, its kind of values, its layer at the top, its steps. */

import { batch, effect, signal, untracked } from "@preact/signals";
import type { RunClock } from "../../math/step_axis";
import { seriesId } from "../../series/series_id";
import type { FindingAnswer, Series } from "../../series/types";
import { index } from "../catalog/catalog";
import { toReveal } from "../findings/explained";
import { clocks, fullAxis, panelStore } from "../panel/known_panels";
import { LayerAxes, PanelAxes } from "../panel/layer_axes";
import { stepPlacer } from "../panel/run_times";
import { pinAt } from "../screen/pin";
import { scrollTarget, showLayer } from "../screen/reveal";
import { moveAll } from "../screen/zooming";
import {
  boardOpen,
  effectiveKind,
  effectivePhase,
  isExpanded,
  leaveBoard,
  runsAreChosen,
  shownRuns,
  toggleExpanded,
} from "../selection/selection";
import * as settings from "../settings/settings";
import { clearZoom, settle } from "../settings/zoom";
import { openBeside } from "./open_cell";

/** On either side of the first step, as a share of the run. */
const AROUND = 0.2;

/** What waits for a place on the time axis, which a run has when its first tile is there. */
const toPlace = signal<FindingAnswer | null>(null);

/** Follows what is opened; to be called while the pane is there. */
export function startRevealing(): () => void {
  const stops = [
    effect(() => {
      const finding = toReveal.value;
      if (finding === null) return;
      untracked(() => showFirstLayer(finding));
      batch(() => {
        toReveal.value = null;
        toPlace.value = finding;
      });
    }),
    effect(() => {
      const finding = toPlace.value;
      const clock = finding && clocks.value.get(finding.run);
      if (!clock) return;
      toPlace.value = null;
      untracked(() => zoomAround(finding, clock));
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** Shows the layer of a finding in its run, and leaves the time axis as it is. */
export function showFirstLayer({ run, tags: [tag] }: FindingAnswer): void {
  showInRun(run, tag ?? "");
}

/** Shows a series in a run, whatever hid it, with its row at the top; a run that nobody chose beside a healthy one. */
export function showInRun(run: string, tag: string): void {
  const series = seriesOf(tag);
  if (series === undefined) return;
  batch(() => {
    const shown = shownRuns.value.map(({ name }) => name);
    const hidden = !shown.includes(run);
    if (boardOpen.value || (hidden && !runsAreChosen.value)) openBeside(run, series.runs);
    else if (hidden) settings.runs.value = [...shown, run];
    leaveBoard();
    showKindOf(series);
    foldLast(seriesId(series));
    showLayer(series, run);
    scrollTarget.value = null;
  });
  scrollToTop(series, run);
}

function seriesOf(tag: string): Series | undefined {
  return index.value?.series.find((one) => one.tag === tag && one.source === "blocks");
}

function showKindOf({ kind, phase }: Series): void {
  if (effectiveKind.value !== kind) settings.kind.value = kind;
  if (effectivePhase.value !== phase) settings.phase.value = phase;
}

/** The strip that was opened last for a finding. */
let opened = "";

/** Going from finding to finding leaves no trail of open layers. */
function foldLast(next: string): void {
  if (opened !== "" && opened !== next && isExpanded(opened)) toggleExpanded(opened);
  if (!isExpanded(next)) opened = next;
  else if (opened !== next) opened = "";
}

/** Once the page has its new height: before, it could not be scrolled that far. */
function scrollToTop(series: Series, run: string): void {
  window.setTimeout(() => {
    scrollTarget.value = { rowId: seriesId(series), run, top: true };
  });
}

/** Pins the first step and zooms to what is around it; the zoom before can be gone back to. */
function zoomAround({ run, first_step }: FindingAnswer, clock: RunClock): void {
  const toUnit = pinStepOf(run, first_step);
  if (toUnit === null) return;
  const around = Math.max(1, AROUND * (clock.lastStep - clock.firstStep));
  moveAll(toUnit(first_step - around), toUnit(first_step + around));
  settle();
}

/** Pins a step of a run; what places its steps on the time axis, or null where they have no place. */
function pinStepOf(run: string, step: number): ((step: number) => number) | null {
  const toUnit = stepPlacer(run, fullAxis.value);
  if (toUnit === null) return null;
  const begin = toUnit(step + 0.5);
  // A run without epochs has no place on their axis.
  if (Number.isNaN(begin)) return null;
  pinAt(begin);
  return toUnit;
}

/** Where runs part: opens the layer, whatever kind and phase are shown, pins the step, and ends a zoom that would hide it. */
export function showStep({ run, tags: [tag = ""], first_step, last_step }: Steps): void {
  const series = seriesOf(tag);
  if (series === undefined) return;
  showKindOf(series);
  showLayer(series, run);
  // Layers of another kind have no place on the time axis until the first of them has come.
  const stop = effect(() => {
    if (!clocks.value.has(run)) return;
    queueMicrotask(() => stop());
    untracked(() => {
      const toUnit = pinStepOf(run, first_step);
      if (toUnit === null) return;
      const own = panelStore.panel(run, seriesId(series));
      const { lo, hi } = new PanelAxes(own, new LayerAxes(series)).liveAxis.peek();
      if (toUnit(first_step) < lo || toUnit(last_step) > hi) clearZoom();
    });
  });
}

type Steps = Pick<FindingAnswer, "run" | "tags" | "first_step" | "last_step">;
