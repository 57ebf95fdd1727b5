/** Numbers, shares, durations and steps as text. */

const PREFIXES = ["", "k", "M", "G", "T", "P", "E"];
const MINUS = "\u2212";
const MINUTE_S = 60;
const HOUR_S = 3600;
export const DAY_S = 86_400;

/** A count, short: 950, 12.3k, 4.1M. */
export function formatCount(count: number): string {
  if (!Number.isFinite(count)) return formatWord(count);
  return Math.abs(count) < 1000 ? trim(count.toFixed(Number.isInteger(count) ? 0 : 1)) : prefixed(count);
}

/** A count or step with thousands separators: 12,345; split counts keep up to two decimals. */
export function formatExact(count: number): string {
  if (!Number.isFinite(count)) return formatWord(count);
  return signed(grouped(trim(fixed(count, 2))));
}

/** A number of things: 1 run, 1,200 runs. */
export function formatCounted(count: number, noun: string): string {
  return `${formatExact(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** A step or a range of pooled steps: "1,200" or "1,200–1,203". */
export function formatSteps(first: number, last: number): string {
  return first === last ? formatExact(first) : `${formatExact(first)}–${formatExact(last)}`;
}

/** "step 1,200" or "steps 1,200–1,203". */
export function nameSteps(first: number, last: number): string {
  return `${first === last ? "step" : "steps"} ${formatSteps(first, last)}`;
}

/** A value of the data, `digits` significant digits: 0.25, 1,024, 3.2e−7. */
export function formatValue(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return formatWord(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return exponent(value, digits);
  if (size >= 1000) return signed(grouped(String(Number(value.toPrecision(Math.max(digits, 4))))));
  return signed(trim(Number(value.toPrecision(digits)).toString()));
}

/** Two values, short, and with more digits where they would look equal. */
export function formatApart(first: number, second: number): readonly string[] {
  const both = (digits: number) => [formatValue(first, digits), formatValue(second, digits)];
  const short = both(2);
  return short[0] === short[1] ? both(5) : short;
}

/** A share 0..1 as percent: 12.5 %, 0.3 %, < 0.01 %; 0 % and 100 % only when exact. */
export function formatShare(share: number): string {
  if (!Number.isFinite(share)) return formatWord(share);
  const percent = share * 100;
  if (percent === 0) return "0 %";
  if (percent > 0 && percent < 0.01) return "< 0.01 %";
  if (percent < 100 && percent > 99.99) return "> 99.99 %";
  const size = Math.abs(percent);
  return `${signed(trim(percent.toFixed(size < 1 ? 2 : size < 99 ? 1 : 2)))} %`;
}

/** Seconds: 0.25 s, 42 s, 3 m 20 s, 2 h 05 m, 3 d 4 h. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return formatWord(seconds);
  if (seconds < 0) return `${MINUS}${formatDuration(-seconds)}`;
  if (seconds < 10) return `${trim(seconds.toFixed(2))} s`;
  if (seconds < MINUTE_S) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < HOUR_S) return parts(whole, MINUTE_S, "m", 1, "s");
  if (whole < DAY_S) return parts(whole, HOUR_S, "h", MINUTE_S, "m");
  return parts(whole, DAY_S, "d", HOUR_S, "h");
}

/** Seconds since 1970 in local time: 2026-11-23 14:05:09; with up to three decimals where they matter. */
export function formatWallTime(seconds: number, decimals = 0): string {
  const time_ms = Math.round(seconds * 1000);
  const offset_ms = new Date(time_ms).getTimezoneOffset() * MINUTE_S * 1000;
  if (!Number.isFinite(offset_ms)) return formatWord(seconds);
  // ISO text is of UTC: so that of the moment when UTC reads like the local time now.
  const text = new Date(time_ms - offset_ms).toISOString().replace(/[TZ]/g, " ");
  return text.slice(0, decimals > 0 ? 20 + decimals : 19);
}

/** A bin as a half-open interval: [0.25, 0.265625). The edge between two bins reads the same in both. */
export function formatBin(lower: number, upper: number): string {
  const digits = binDigits(lower, upper);
  return `[${formatValue(lower, digits)}, ${formatValue(upper, digits)})`;
}

/** Labels of ascending linear ticks, all with the decimals that tell neighbours apart. */
export function formatTicks(values: readonly number[]): readonly string[] {
  const size = Math.max(0, ...values.map(Math.abs));
  if (values.length < 2 || size >= 1e6 || size < 1e-2) return values.map((value) => formatTick(value));
  const step = Math.min(...values.slice(1).map((value, i) => value - values[i]!));
  const decimals = Math.min(8, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  return values.map((value) => signed(grouped(fixed(value, decimals))));
}

/** One tick label, as short as it is exact. */
export function formatTick(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return exponent(value, 6);
  return signed(grouped(trim(fixed(value, 6))));
}

/** Fewer digits in wide bins than in narrow ones would make neighbours seem to overlap. */
const BIN_DIGITS = 7;

function binDigits(lower: number, upper: number): number {
  const size = Math.max(Math.abs(lower), Math.abs(upper));
  const ratio = size / (upper - lower);
  const needed = Number.isFinite(ratio) ? Math.ceil(Math.log10(ratio)) + 2 : BIN_DIGITS;
  return Math.min(12, Math.max(BIN_DIGITS, needed));
}

function parts(whole: number, large_s: number, large: string, small_s: number, small: string): string {
  const rest = Math.floor((whole % large_s) / small_s);
  const head = `${Math.floor(whole / large_s)} ${large}`;
  return rest === 0 ? head : `${head} ${rest} ${small}`;
}

function exponent(value: number, digits: number): string {
  const [mantissa, power] = value.toExponential(digits - 1).split("e") as [string, string];
  return signed(`${trim(mantissa)}e${Number(power)}`);
}

/** Three digits and the prefix of a thousand, a million ...: 12.3k. */
function prefixed(count: number): string {
  const [mantissa, power] = count.toExponential(2).split("e") as [string, string];
  const step = Math.min(PREFIXES.length - 1, Math.floor(Number(power) / 3));
  return signed(`${trim((Number(mantissa) * 10 ** (Number(power) - 3 * step)).toFixed(2))}${PREFIXES[step]}`);
}

/** What is rounded to zero has no sign. */
function fixed(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? text.replace("-", "") : text;
}

/** With commas between thousands. */
function grouped(text: string): string {
  const [whole, ...fraction] = text.split(".") as [string, ...string[]];
  return [whole.replace(/\B(?=(\d{3})+$)/g, ","), ...fraction].join(".");
}

function trim(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function signed(text: string): string {
  return text.replaceAll("-", MINUS).replaceAll(`${MINUS}${MINUS}`, MINUS);
}

function formatWord(value: number): string {
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+∞" : `${MINUS}∞`;
}
