import { ticks as d3Ticks } from "d3-array";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { linearTicks, logTicks, symlogTicks } from "./ticks";
import { ValueScale } from "./value_scale";

function symlog(lo: number, hi: number, linthresh: number, count: number): readonly number[] {
  const scale = ValueScale.symlog(lo, hi, linthresh);
  return symlogTicks(lo, hi, count, (value) => scale.valueToFraction(value));
}

describe("symlog ticks", () => {
  it("mirrors decades around 0", () => {
    expect(symlog(-1000, 1000, 1, 7)).toEqual([-1000, -100, -10, 0, 10, 100, 1000]);
  });

  it("names the decade in which most values lie, not only the outermost one", () => {
    for (const linthresh of [0.1, 0.5, 1, 2, 5]) {
      expect(symlog(-140, 140, linthresh, 4)).toEqual(expect.arrayContaining([-100, -10, 0, 10, 100]));
    }
  });

  it("leaves out decades on a wide axis", () => {
    const ticks = symlog(-1e6, 1e6, 1e-6, 7);
    expect(ticks).toContain(0);
    expect(ticks).toContain(1e6);
    expect(ticks.length).toBeLessThanOrEqual(9);
  });

  it("has 1-2-5 steps on a tall axis and round numbers always", () => {
    const ticks = symlog(-4, 4, 0.05, 20);
    expect(ticks).toContain(0.5);
    for (const tick of ticks) expect(Number(tick.toPrecision(1))).toBe(tick);
  });

  it("is linear where the axis is nearly linear", () => {
    expect(symlog(-0.5, 0.5, 10, 5)).toEqual([-0.4, -0.2, 0, 0.2, 0.4]);
  });

  it("works on ranges without 0 and on one side of it", () => {
    expect(symlog(2, 3, 0.01, 4).length).toBeGreaterThanOrEqual(3);
    expect(symlog(0, 8, 0.01, 6)[0]).toBe(0);
    expect(symlog(-8, 0, 0.01, 6).at(-1)).toBe(0);
  });

  it.each([
    [-3, 11.5, 0.1],
    [-1e-6, 2e-7, 1e-9],
    [0, 1e30, 1],
    [-1e4, 0.01, 1e-3],
  ])("keeps its distance on [%f, %f]", (lo, hi, linthresh) => {
    const scale = ValueScale.symlog(lo, hi, linthresh);
    for (const count of [3, 6, 12]) {
      const ticks = symlog(lo, hi, linthresh, count);
      expect(ticks.length).toBeGreaterThanOrEqual(1);
      const shares = ticks.map((tick) => scale.valueToFraction(tick));
      shares.slice(1).forEach((share, i) => {
        expect(share - shares[i]!).toBeGreaterThanOrEqual(0.6 / count - 1e-9);
      });
    }
  });
});

describe("log ticks", () => {
  it("are powers of ten over many decades, 1-2-5 over few", () => {
    expect(logTicks(1, 1e6, 4)).toEqual([1, 100, 10_000, 1_000_000]);
    expect(logTicks(1, 100, 7)).toEqual([1, 2, 5, 10, 20, 50, 100]);
  });

  it("are linear inside one decade", () => {
    expect(logTicks(3, 4, 3)).toEqual(linearTicks(3, 4, 3));
  });

  it("are none where no range is", () => {
    for (const [lo, hi] of [
      [0, 1],
      [1, Infinity],
      [Infinity, Infinity],
      [Number.NaN, 1],
      [1, 1],
    ] as const)
      expect(logTicks(lo, hi, 3)).toEqual([]);
  });
});

describe("linear ticks", () => {
  it("are those of d3", () => {
    const decimal = fc.tuple(fc.integer({ min: -99999, max: 99999 }), fc.integer({ min: -9, max: 9 }));
    fc.assert(
      fc.property(decimal, decimal, fc.integer({ min: 1, max: 30 }), (a, b, count) => {
        const [lo, hi] = [a, b].map(([digits, power]) => Number(`${digits}e${power}`)).sort((x, y) => x - y);
        expect(linearTicks(lo!, hi!, count)).toEqual(d3Ticks(lo!, hi!, count));
      }),
      { numRuns: 2000 },
    );
  });

  it("end, where numbers are too large to be told apart", () => {
    expect(linearTicks(1e16, 1e16 + 2, 8).length).toBeLessThan(20);
    expect(linearTicks(-1e308, 1.7e308, 5)).toEqual([-1e308]);
  });
});
