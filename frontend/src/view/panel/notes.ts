/** What a panel does not show as it is: pooled, sampled, matched, foreign. */

import { nameSteps } from "../../math/format";
import { clippedFractions } from "../../math/range";
import type { Tile } from "../../math/tile";
import { LEAST_COLUMN_PX } from "../../math/wide_columns";
import { mostColumns } from "../../paint/rasterise";
import * as settings from "../settings/settings";
import { baselineRun, baseOf, NEEDS_LINKS, NEEDS_ONE_SCALE } from "./compare";
import { numberFormatPart } from "./number_format_later";
import type { PanelView } from "./panel_view";
import { columnStrip } from "./strip";

export interface Note {
  readonly short: string;
  /** "" where there is no more to say. */
  readonly long: string;
  /** Gives way to what concerns this panel alone. */
  readonly minor?: boolean;
}

export function noteToText({ short, long }: Note): string {
  return short + (long && `: ${long}`);
}

export function noteTexts(panel: PanelView): readonly Note[] {
  const tile = panel.shown.value;
  if (tile === null) return [];
  const notes: Note[] = [];
  if (panel.wholeSpans.value?.start.length === 0) {
    notes.push({
      short: "no epochs logged",
      long: "This run has no scalar named epoch",
    });
  } else notes.push(...poolingNotes(panel, tile));
  if (tile.missing > 0) {
    const all = tile.records + tile.missing;
    notes.push({ short: `showing ${tile.records} of ${all} logged steps`, long: tile.hint });
  }
  if (tile.range === null) notes.push({ short: "no finite values", long: "All values are NaN or infinite" });
  if (panel.widened) {
    notes.push({
      short: tile.records === 1 ? "one record, drawn wider" : "few records, drawn wider",
      long: `Each record is drawn at least ${LEAST_COLUMN_PX} px wide, from where it was recorded`,
    });
  }
  if (tile.source === "histograms") {
    notes.push({
      short: "histograms from another tool",
      long: "Written with add_histogram or a similar function; bins as stored, zeros unknown",
    });
  }
  notes.push(...(numberFormatPart()?.limitNotes() ?? []));
  const strip = columnStrip(panel);
  if (typeof strip === "string" && strip !== "") notes.push({ short: `no strip: ${strip}`, long: "" });
  if (settings.difference.value && panel.run !== baselineRun()) notes.push(differenceNote(panel));
  return notes;
}

/** Records that have no pixel of their own, or that the zoom leaves out. */
function poolingNotes({ pixels: { value: pixels } }: PanelView, tile: Tile): readonly Note[] {
  const columns = pixels === null ? 1 : mostColumns(pixels);
  const records = 2 ** tile.level;
  if (columns === 0) {
    const steps = nameSteps(tile.firstStep, tile.lastStep);
    return [{ short: "no records in view", long: `This run has ${steps}` }];
  }
  if (columns * records === 1) return [];
  const [count, place] = columns > 1 ? [`up to ${columns * records}`, "pixel"] : [records, "column"];
  const long = `${count} neighbouring records are summed in each ${place}; zoom in to see each`;
  return [{ short: `${count} per ${place}`, long, minor: true }];
}

function differenceNote(panel: PanelView): Note {
  const base = baseOf(panel);
  if (typeof base === "string")
    return { short: `no difference: ${base}`, long: settings.linked.value ? "" : NEEDS_LINKS };
  const { matched, statement } = base.alignment;
  // Nothing is drawn then, and an empty panel must say why.
  const short = matched === 0 ? statement : `minus ${baselineRun()}`;
  const long = `This run minus the baseline. ${statement}`;
  const shared = settings.axisScope.value === "panel";
  return shared ? { short: `${short}, one scale`, long: `${long} ${NEEDS_ONE_SCALE}` } : { short, long };
}

/** Runs that take less of the axis than this are flat. */
const FLAT = 0.08;
const MUCH = 0.05;

/** Whether much of a run lies beyond the axis, or within a few of its rows. */
export function isHiddenByAxis(panel: PanelView): boolean {
  const tile = panel.data.tile.value;
  const grid = panel.grid.value;
  if (tile === null || tile.range === null || grid === null) return false;
  const { above, below } = clippedFractions(grid, panel.shown.value?.columns.n ?? tile.columns.n);
  if (above + below > MUCH) return true;
  const scale = panel.fullScale.value;
  const [lo, hi] = tile.range;
  return hi > lo && scale.valueToFraction(hi) - scale.valueToFraction(lo) < FLAT;
}
