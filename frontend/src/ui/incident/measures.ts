/** A measured figure and the limit that it passed as places on a bar. */

import type { EvidenceAnswer } from "../../series/types";

/** Decades on either side of the limit. */
const DECADES = 3;
/** However small a figure is, it can be seen. */
const LEAST = 0.02;

/**
 * Shares lie on a bar from none to all, with the limit where it is; of other figures the limit is in the middle, and
 * each end is a factor of 1,000 away. null without a limit, or where either is no number above 0.
 */
export function placeOnBar({
  value,
  limit,
}: EvidenceAnswer): readonly [measured: number, limit: number] | null {
  const [measured, most] = [textToNumber(value), textToNumber(limit)];
  if (!(measured > 0 && most > 0)) return null;
  if (limit.endsWith("%")) return [measured / 100, most / 100];
  const share = 0.5 + Math.log10(measured / most) / (2 * DECADES);
  return [Math.min(1, Math.max(LEAST, share)), 0.5];
}

/** "99.7 %", "1,200", "2.5e+17", "10^18 times"; NaN for what does not begin with a number. */
function textToNumber(text: string): number {
  const [, base = "", power = "1"] = /^([\d.,]+(?:e[+-]?\d+)?)(?:\^(\d+))?/.exec(text) ?? [];
  return base === "" ? Number.NaN : Number(base.replaceAll(",", "")) ** Number(power);
}
