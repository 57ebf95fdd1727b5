/** From the board to panels: a layer beside that of the nearest healthy run. */

import { batch } from "@preact/signals";
import { seriesId } from "../../series/series_id";
import type { Series } from "../../series/types";
import { pinAt } from "../screen/pin";
import { showLayer } from "../screen/reveal";
import { bringRuns, runsWithData } from "../selection/selection";
import * as settings from "../settings/settings";
import { clearZoom } from "../settings/zoom";
import { findingsIn } from "./health";
import { nearestHealthy } from "./nearest";
import { hasStage, type Stage } from "./stages";

/** What a click shows: of a folded stage the layer in which its worst finding begins. */
export function seriesOf(run: string, stage: Stage): Series {
  const [worst] = findingsIn(run, stage.tags);
  return (
    stage.layers.find(({ tag }) => worst?.tags.find((one) => stage.tags.includes(one)) === tag) ??
    stage.series
  );
}

/** Shows it large beside the nearest healthy run, at the step at which its worst finding begins. */
export function openCell(run: string, stage: Stage): void {
  if (!hasStage(run, stage)) return;
  const series = seriesOf(run, stage);
  const [worst] = findingsIn(run, [series.tag]);
  openBeside(run, series.runs, () => {
    showLayer(series, run);
    settings.full.value = seriesId(series);
    // On other axes a step has its place only when its tile is there.
    if (worst !== undefined && settings.time.peek() === "step") pinAt(worst.first_step + 0.5);
  });
}

/** Shows all layers of a run beside those of the nearest healthy one. */
export function openRun(run: string): void {
  const every = runsWithData.value.map(({ at }) => at);
  openBeside(run, every, () => settings.full.reset());
}

/** Shows panels of a run and of the nearest healthy one among those at some places of the index, its baseline. */
export function openBeside(run: string, places: readonly number[], show?: () => void): void {
  const healthy = nearestHealthy(run, places);
  batch(() => {
    clearZoom();
    bringRuns(healthy === undefined ? [run] : [run, healthy]);
    settings.baseline.value = healthy ?? "";
    show?.();
  });
}
