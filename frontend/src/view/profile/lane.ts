/** What the timeline shows, as places and values: lines of scalars, the ribbon of changes, ticks and marks. */

import { computed, effect } from "@preact/signals";
import { nearestColumn } from "../../math/column_spans";
import { formatCounted, formatValue } from "../../math/format";
import type { RibbonLayer } from "../../math/ribbon";
import { smooth } from "../../math/smooth";
import type { StepAxis } from "../../math/step_axis";
import { lastAtMost } from "../../math/value_scale";
import type { FindingAnswer, Profile, ProfileMark } from "../../series/types";
import { sorted } from "../findings/findings";
import { clocks, fullAxis } from "../panel/known_panels";
import { epochs } from "../panel/panel_times";
import { profileSpans, stepPlacer } from "../panel/run_times";
import { placePoints, type ScalarPoints } from "../screen/scalar_curve";
import {
  alsoWanted,
  extentOf,
  hasOwnExtent,
  heightOf,
  lossTag,
  scalarKey,
  series,
  tags,
} from "../screen/scalars";
import { layers, runColour, type ShownRun, shownRuns } from "../selection/selection";
import { smoothing } from "../settings/settings";
import { inExecutionOrder } from "./layer_order";
import { changes, startChanges } from "./profiles";

export interface LaneLine extends ScalarPoints {
  readonly run: string;
  readonly tag: string;
  readonly colour: string;
  readonly dashed: boolean;
  /** Smoothed, but for the learning rate: 0 at the lower end of the lane, 1 at the upper; NaN where there is no value. */
  readonly shares: readonly number[];
}

/** The loss and the learning rate, where the runs have them. */
const laneTags = computed(() =>
  [lossTag.value, tags.value.find(hasOwnExtent)].filter((tag) => tag !== undefined),
);

/** Fetches what the timeline draws; returns what ends that. */
export function startLane(): () => void {
  const stopChanges = startChanges();
  const stopTags = effect(() => {
    alsoWanted.value = laneTags.value;
  });
  return () => {
    stopChanges();
    stopTags();
  };
}

/** The loss of each shown run, all on one scale, and its learning rate on a scale of its own. */
export const laneLines = computed<readonly LaneLine[]>(() => {
  const { kind } = fullAxis.value;
  return laneTags.value.flatMap((tag) => {
    const drawn = shownRuns.value.flatMap((run) => {
      const scalar = series.value.get(scalarKey(run.name, tag));
      const clock = clocks.value.get(run.name);
      return scalar && clock ? [{ run, scalar, clock }] : [];
    });
    const shared = extentOf(drawn.map(({ scalar }) => scalar.values));
    return drawn.map(({ run, scalar, clock }) => {
      const dashed = hasOwnExtent(tag);
      const extent = (dashed ? extentOf([scalar.values]) : shared) ?? [0, 1];
      const { units, values } = placePoints(scalar, kind, clock);
      const drawnValues = dashed ? values : smooth(values, smoothing.value / 100);
      return {
        run: run.name,
        tag,
        colour: runColour(run.at),
        dashed,
        units,
        shares: drawnValues.map((value) => (extent[1] > extent[0] ? heightOf(extent, value) : 0.5)),
        values,
      };
    });
  });
});

export interface Ribbon {
  readonly run: ShownRun;
  readonly names: readonly string[];
  readonly layers: readonly RibbonLayer[];
}

/** Of each shown run whose changes are known: its layers in the order of execution. */
export const ribbons = computed<readonly Ribbon[]>(() => {
  const { kind } = fullAxis.value;
  return shownRuns.value.flatMap((run) => {
    const profile = changes.value.get(run.name);
    const clock = clocks.value.get(run.name);
    if (profile === undefined || clock === undefined) return [];
    const spans = profile.columns.map((columns) => profileSpans(columns, kind, clock));
    const known = new Map(profile.layers.map((layer) => [layer.tag, layer]));
    const found = inExecutionOrder(layers.value, run, profile.phase).flatMap(({ tag, layer }) => {
      const entry = known.get(tag);
      const place = entry && spans[entry.columns];
      if (!place) return [];
      return [{ name: layer, values: entry.figures.change ?? [], start: place.start, end: place.end }];
    });
    return [{ run, names: found.map(({ name }) => name), layers: found }];
  });
});

/** Where whole epochs begin, of the first shown run that logged them; few enough to be told apart. */
export function epochUnits(axis: StepAxis): readonly number[] {
  for (const { name } of shownRuns.value) {
    const { epochs: logged = [], epochSteps = [] } = epochs.value.get(name) ?? {};
    const toPlace = stepPlacer(name, axis);
    if (toPlace === null || logged.length < 2) continue;
    const begins = epochSteps.filter(
      (_, at) => at > 0 && Math.floor(logged[at]!) > Math.floor(logged[at - 1]!),
    );
    const every = Math.ceil(begins.length / MOST_EPOCHS);
    return begins.filter((_, at) => (at + 1) % every === 0).map(toPlace);
  }
  return [];
}

const MOST_EPOCHS = 60;

export interface LaneMark extends ProfileMark {
  readonly run: string;
  readonly unit: number;
}

/** Resumes and changes of the cadence, of all shown runs. */
export const laneMarks = computed<readonly LaneMark[]>(() => {
  const axis = fullAxis.value;
  return shownRuns.value.flatMap(({ name }) => {
    const toPlace = stepPlacer(name, axis);
    if (toPlace === null) return [];
    const { marks = [] } = changes.value.get(name) ?? ({} as Partial<Profile>);
    return marks.map((mark) => ({ ...mark, run: name, unit: toPlace(mark.step) }));
  });
});

export interface PlacedFinding {
  readonly finding: FindingAnswer;
  readonly from: number;
  readonly to: number;
}

/** The findings of the shown runs that have a place on the axis, as shares of it, most severe first. */
export const placedFindings = computed<readonly PlacedFinding[]>(() => {
  const axis = fullAxis.value;
  return sorted.value.flatMap((finding) => {
    const toPlace = stepPlacer(finding.run, axis);
    if (toPlace === null) return [];
    const from = Math.max(0, axis.unitToFraction(toPlace(finding.first_step)));
    const to = Math.min(1, axis.unitToFraction(toPlace(finding.last_step + 1)));
    return to >= 0 && from <= 1 ? [{ finding, from, to }] : [];
  });
});

const READ_RUNS = 6;
const NEAR_PX = 5;

/** What the timeline says of a place, line by line. */
export function laneReadout(unit: number, width_px: number): readonly string[] {
  const axis = fullAxis.value;
  const scalars = laneLines.value.slice(0, 2 * READ_RUNS).flatMap(({ run, tag, units, values }) => {
    const value = values[Math.max(0, lastAtMost(units, unit))];
    return value !== undefined && !Number.isNaN(value) ? [{ run, text: `${tag} ${formatValue(value)}` }] : [];
  });
  const lines = shownRuns.value.slice(0, READ_RUNS).flatMap(({ name }) => {
    const own = scalars.filter(({ run }) => run === name).map(({ text }) => text);
    const most = mostChanged(name, unit);
    const said = most === "" ? own : [...own, most];
    return said.length > 0 ? [`${shownRuns.value.length > 1 ? `${name}: ` : ""}${said.join(" · ")}`] : [];
  });
  const near = laneMarks.value.filter(
    (mark) => Math.abs(axis.unitToPx(mark.unit, width_px) - axis.unitToPx(unit, width_px)) <= NEAR_PX,
  );
  return [`${axis.kind === "step" ? "step " : ""}${axis.format(Math.floor(unit))}`, ...lines].concat(
    near.map(({ run, text }) => (shownRuns.value.length > 1 ? `${run}: ${text}` : text)),
  );
}

function mostChanged(run: string, unit: number): string {
  const ribbon = ribbons.value.find((one) => one.run.name === run);
  let most = { change: 0, name: "" };
  ribbon?.layers.forEach(({ start, end, values }, at) => {
    const column = nearestColumn({ start: start as Float64Array, end: end as Float64Array }, unit);
    const change = values[column] ?? 0;
    if (change > most.change) most = { change, name: ribbon.names[at]! };
  });
  return most.name === "" ? "" : `most change ${formatValue(most.change, 2)} in ${most.name}`;
}

/** The timeline in words, for those who cannot see it. */
export function laneSummary(): string {
  const axis = fullAxis.value;
  const scalars = laneLines.value.map(({ run, tag, values }) => {
    const known = values.filter((value) => !Number.isNaN(value));
    if (known.length === 0) return "";
    return `${tag} of ${run} from ${formatValue(known[0]!)} to ${formatValue(known[known.length - 1]!)}`;
  });
  const marks = laneMarks.value.map(({ run, text }) => `${run} ${text}`);
  const says = [...scalars, ...marks, formatCounted(sorted.value.length, "finding")];
  return `Timeline from ${axis.format(axis.lo)} to ${axis.format(axis.hi)}: ${says.filter(Boolean).join("; ")}.`;
}
