/** When the records of a panel were made, and where its columns lie on the time axis. */

import { computed, signal } from "@preact/signals";
import type { Spans } from "../../math/column_spans";
import type { RunClock } from "../../math/step_axis";
import type { Tile } from "../../math/tile";
import type { PanelData } from "../../series/panel_data";
import { index } from "../catalog/catalog";
import { perObject } from "../reactive/per_object";
import * as settings from "../settings/settings";
import { placeColumns } from "./column_places";

/** A run's clock is known from any of its tiles; epochs come from its scalars. */
export const epochs = signal<ReadonlyMap<string, Pick<RunClock, "epochs" | "epochSteps">>>(new Map());

class PanelTimes {
  constructor(private readonly data: PanelData) {}

  /** By itself, so that a new index makes no new clocks, with which all panels would be drawn. */
  private readonly startTime = computed(
    () => index.value?.runs.find((run) => run.name === this.data.run)?.start_time,
  );

  readonly clock = computed<RunClock | null>(() => {
    const tile = this.data.tile.value;
    if (tile === null || tile.columns.length === 0) return null;
    const startTime = this.startTime.value ?? tile.columns.firstWallTime[0] ?? 0;
    return {
      firstStep: tile.firstStep,
      lastStep: tile.lastStep,
      records: tile.records,
      startTime: Math.min(startTime, tile.columns.firstWallTime[0] ?? startTime),
      sampled: tile.missing > 0,
      ...epochs.value.get(this.data.run),
    };
  });

  /** Where the columns of the whole series lie. */
  readonly spans = computed(() => spansOf(this.data.tile.value, this.clock.value));
}

/** Known for panels that have left the screen too: they have their part in the axis of all. */
export const timesOf = perObject((data: PanelData) => new PanelTimes(data));

export function spansOf(tile: Tile | null, clock: RunClock | null): Spans | null {
  return tile && clock && placeColumns(tile, settings.time.value, clock);
}
