/**
 * The time axis. Three spaces: *units* (steps, epochs, seconds or a share of the run, as the axis kind
 * says), *fraction* of the axis (0 left, 1 right) and *px* (CSS or device pixels, origin left).
 */

import { DAY_S, formatDuration, formatExact, formatShare, formatTicks, formatWallTime } from "./format";
import { linearTicks, spread } from "./ticks";
import { lastAtMost, type Tick } from "./value_scale";

export type AxisKind = "step" | "log_step" | "epoch" | "relative" | "wall" | "share";

/** What each axis counts, in words. */
export const AXIS_NAMES: Readonly<Record<AxisKind, string>> = {
  step: "step",
  log_step: "step (log)",
  epoch: "epoch",
  relative: "time since start",
  wall: "clock time",
  share: "share of the run",
};

/** What a tile's columns need beside themselves to be placed on an axis. */
export interface RunClock {
  /** Steps and wall times of the whole run, not of the columns shown. */
  readonly firstStep: number;
  readonly lastStep: number;
  /** Number of records of the whole run, from which a share of the run knows where the last record ends. */
  readonly records: number;
  /** Seconds since 1970, from which relative time counts. */
  readonly startTime: number;
  /** Steps at which the run logged its epoch (fractions allowed), ascending, and the epochs. */
  readonly epochSteps?: readonly number[];
  readonly epochs?: readonly number[];
  /** TensorBoard dropped records at random: only long gaps are then gaps. */
  readonly sampled?: boolean;
}

/** Whether an axis counts steps: the units of two such axes are the same. */
export function countsSteps(kind: AxisKind): boolean {
  return kind === "step" || kind === "log_step";
}

/** The unit at which a step lies; NaN on the axis of epochs where none are known. */
export function toUnit(kind: AxisKind, step: number, wallTime: number, clock: RunClock): number {
  if (kind === "relative") return wallTime - clock.startTime;
  if (kind === "wall") return wallTime;
  if (kind === "epoch") return interpolate(clock.epochSteps ?? [], clock.epochs ?? [], step);
  if (kind !== "share") return step;
  const steps = clock.lastStep - clock.firstStep;
  const cadence = clock.records > 1 ? steps / (clock.records - 1) : 1;
  // Where the last records lie further apart than others, theirs would end beyond the run.
  return Math.min(1, (step - clock.firstStep) / Math.max(1, steps + cadence));
}

/** Immutable: a range of units on an axis. */
export class StepAxis {
  private readonly from: number;
  private readonly to: number;

  /** Needs finite lo < hi. `log_step` spreads log(1 + step). */
  constructor(
    readonly kind: AxisKind,
    readonly lo: number,
    readonly hi: number,
  ) {
    if (!(Number.isFinite(lo) && Number.isFinite(hi) && lo < hi)) {
      throw new RangeError(`A step axis takes finite lo < hi, but got ${lo} and ${hi}.`);
    }
    this.from = unitToLinear(kind, lo);
    this.to = unitToLinear(kind, hi);
  }

  unitToFraction(unit: number): number {
    return (unitToLinear(this.kind, unit) - this.from) / (this.to - this.from);
  }

  fractionToUnit(share: number): number {
    const place = this.from + share * (this.to - this.from);
    return this.kind === "log_step" ? Math.sign(place) * Math.expm1(Math.abs(place)) : place;
  }

  unitToPx(unit: number, width_px: number): number {
    return this.unitToFraction(unit) * width_px;
  }

  pxToUnit(px: number, width_px: number): number {
    return this.fractionToUnit(px / width_px);
  }

  withRange(lo: number, hi: number): StepAxis {
    return new StepAxis(this.kind, lo, hi);
  }

  /** `factor` < 1 shows less; the unit at `share` stays where it is. */
  zoomed(factor: number, share: number): StepAxis {
    return this.withRange(
      this.fractionToUnit(share - share * factor),
      this.fractionToUnit(share + (1 - share) * factor),
    );
  }

  /** Moved by a share of its own length, to the right for shares above 0. */
  panned(share: number): StepAxis {
    return this.withRange(this.fractionToUnit(share), this.fractionToUnit(1 + share));
  }

  /** About `count` round ticks with labels. `ends`: units that have a tick in any case, with one more between. */
  ticks(count: number, ends?: readonly [number, number]): readonly Tick[] {
    const values = ends === undefined ? axisTicks(this, count) : ticksBetween(this, count, ends);
    const labels = axisLabels(this.kind, values);
    return values.map((value, i) => ({ value, share: this.unitToFraction(value), label: labels[i]! }));
  }

  /** One unit as text, for readouts. */
  format(unit: number): string {
    if (this.kind === "relative") return formatDuration(unit);
    if (this.kind === "wall") return formatWallTime(unit);
    if (this.kind === "share") return formatShare(unit);
    return formatExact(this.kind === "epoch" ? unit : Math.round(unit));
  }
}

/** Lengths of time between ticks, in seconds; longer ones are whole days. */
const ROUND_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200];
/** Round lengths of time lie far apart, so a few ticks more than asked are better than half of them. */
const TIME_SURPLUS = 1.3;

function axisTicks(axis: StepAxis, count: number): readonly number[] {
  const wanted = Math.max(1, count);
  const span = axis.hi - axis.lo;
  if (axis.kind === "relative" || axis.kind === "wall") return timeTicks(axis, wanted);
  if (axis.kind === "log_step" && axis.hi > 20 * Math.max(1, axis.lo)) return logStepTicks(axis, wanted);
  const values = linearTicks(axis.lo, axis.hi, wanted);
  const whole = countsSteps(axis.kind) || (axis.kind === "epoch" && span >= 2);
  return whole ? values.filter((value) => Number.isInteger(value)) : values;
}

/** Room that a number at an end needs, as a share of the mean distance of ticks. */
const END_GAP = 0.7;

function ticksBetween(
  axis: StepAxis,
  count: number,
  [first, last]: readonly [number, number],
): readonly number[] {
  if (!(first < last)) return [first];
  const shareOf = (unit: number) => axis.unitToFraction(unit);
  const gap = END_GAP / Math.max(2, count);
  const inside = (unit: number) =>
    shareOf(unit) - shareOf(first) >= gap && shareOf(last) - shareOf(unit) >= gap;
  const round = axisTicks(axis, count).filter(inside);
  if (round.length > 0) return [first, ...round, last];
  const middle = (shareOf(first) + shareOf(last)) / 2;
  const [one] = axisTicks(axis, 3 * count)
    .filter(inside)
    .sort((a, b) => Math.abs(shareOf(a) - middle) - Math.abs(shareOf(b) - middle));
  return one === undefined ? [first, last] : [first, one, last];
}

function timeTicks(axis: StepAxis, count: number): readonly number[] {
  const span = axis.hi - axis.lo;
  if (span < 2) return linearTicks(axis.lo, axis.hi, count);
  const length =
    ROUND_S.find((round) => span / round <= count * TIME_SURPLUS) ?? Math.ceil(span / count / DAY_S) * DAY_S;
  // Wall times are shown in local time, so days and hours must be round there.
  const shift = axis.kind === "wall" ? new Date(axis.lo * 1000).getTimezoneOffset() * 60 : 0;
  const values: number[] = [];
  for (let at = Math.ceil((axis.lo - shift) / length) * length + shift; at <= axis.hi; at += length)
    values.push(at);
  return values;
}

function logStepTicks(axis: StepAxis, count: number): readonly number[] {
  const values = [0];
  for (let decade = 1; decade <= axis.hi; decade *= 10) values.push(decade, 2 * decade, 5 * decade);
  const seen = values.filter((value) => value >= axis.lo && value <= axis.hi);
  const gap = 0.6 / count;
  const tens = seen.filter((value) => value === 0 || Number.isInteger(Math.log10(value)));
  const valueToFraction = (value: number): number => axis.unitToFraction(value);
  const all = spread(seen, gap, valueToFraction);
  return all.length === seen.length ? seen : spread(tens, gap, valueToFraction);
}

function axisLabels(kind: AxisKind, values: readonly number[]): readonly string[] {
  const distance = values.length > 1 ? values[1]! - values[0]! : 1;
  if (kind === "relative")
    return distance < 1 ? formatTicks(values).map((label) => `${label} s`) : values.map(formatDuration);
  if (kind === "share") return values.map(formatShare);
  if (kind !== "wall")
    return kind === "epoch" ? formatTicks(values) : values.map((value) => formatExact(value));
  const days = values.length > 1 && values[values.length - 1]! - values[0]! >= 2 * DAY_S;
  const decimals = Math.max(0, -Math.floor(Math.log10(distance) + 1e-9));
  return values.map((value) =>
    days ? formatWallTime(value).slice(5, 16) : formatWallTime(value, decimals).slice(11),
  );
}

/** Linear between known points and beyond them; NaN where nothing is known. */
function interpolate(from: readonly number[], to: readonly number[], at: number): number {
  if (from.length < 2) return Number.NaN;
  const i = Math.min(from.length - 2, Math.max(0, lastAtMost(from, at)));
  return to[i]! + ((at - from[i]!) * (to[i + 1]! - to[i]!)) / (from[i + 1]! - from[i]! || 1);
}

function unitToLinear(kind: AxisKind, unit: number): number {
  return kind === "log_step" ? Math.sign(unit) * Math.log1p(Math.abs(unit)) : unit;
}
