import {
  interpolateCividis,
  interpolateInferno,
  interpolateMagma,
  interpolateRdBu,
  interpolateViridis,
} from "d3-scale-chromatic";
import { describe, expect, it } from "vitest";
import { type ColourScale, colourScale, quantityToShare } from "../math/normalise";
import {
  COLORMAPS,
  colormapToLut,
  colourTable,
  colourToCss,
  differenceTable,
  dimmedLut,
  HIGHLIGHT_SHARE,
  hexToColour,
  type Lut,
  lutToGradient,
  packColour,
  TABLE_SHIFT,
} from "./colormap";

const BLANKS = { zero: hexToColour("#010203"), gap: hexToColour("#0a0b0c") };

/** The bytes in memory of one packed colour. */
function bytes(colour: number): number[] {
  return [...new Uint8Array(Uint32Array.of(colour).buffer)];
}

function reference(text: string): number[] {
  const hex = /^#(..)(..)(..)$/.exec(text);
  const parts = hex === null ? text.match(/\d+/g)! : hex.slice(1).map((part) => Number.parseInt(part, 16));
  return parts.slice(0, 3).map(Number);
}

/** Linear red, green and blue, 0..1. */
function light(colour: number): number[] {
  return bytes(colour)
    .slice(0, 3)
    .map((byte) => {
      const share = byte / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
}

function luminanceOf(rgb: readonly number[]): number {
  return 0.2126 * rgb[0]! + 0.7152 * rgb[1]! + 0.0722 * rgb[2]!;
}

function luminance(colour: number): number {
  return luminanceOf(light(colour));
}

/** How colours look without one kind of cone (Machado, Oliveira and Fernandes 2009, severity 1). */
const DEFICIENCIES: Readonly<Record<string, readonly (readonly number[])[]>> = {
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function seenWith(matrix: readonly (readonly number[])[], colour: number): number[] {
  const rgb = light(colour);
  return matrix.map((row) =>
    Math.min(
      1,
      Math.max(
        0,
        row.reduce((sum, part, i) => sum + part * rgb[i]!, 0),
      ),
    ),
  );
}

function look(table: Uint32Array, value: number): number {
  return table[new Uint32Array(Float32Array.of(value).buffer)[0]! >>> TABLE_SHIFT]!;
}

/** Distance in the look-up table between a colour and the one it should be. */
function levelsOff(lut: Lut, colour: number, level: number): number {
  const near = [0, 1, 2].flatMap((off) => [lut[level - off], lut[level + off]]);
  return Math.floor(near.indexOf(colour) / 2);
}

/** CIE L*a*b* of linear RGB. */
function lab([red, green, blue]: readonly number[]): number[] {
  const bend = (t: number): number =>
    t > 216 / 24_389 ? Math.cbrt(t) : (24_389 / 27) * (t / 116) + 16 / 116;
  const x = bend((0.4124 * red! + 0.3576 * green! + 0.1805 * blue!) / 0.9505);
  const y = bend(0.2126 * red! + 0.7152 * green! + 0.0722 * blue!);
  const z = bend((0.0193 * red! + 0.1192 * green! + 0.9505 * blue!) / 1.089);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}
const JUST_NOTICEABLE = 2.3;
const EASILY_SEEN = 15;

/** CIE 1976 colour difference of two colours in linear RGB. */
function difference(a: readonly number[], b: readonly number[]): number {
  const other = lab(b);
  return Math.hypot(...lab(a).map((part, i) => part - other[i]!));
}

describe("colour maps", () => {
  it.each([
    ["viridis", interpolateViridis],
    ["cividis", interpolateCividis],
    ["magma", interpolateMagma],
    ["inferno", interpolateInferno],
    ["diverging", (share: number) => interpolateRdBu(1 - share)],
  ] as const)("%s stays within 2 of 255 of d3's", (name, interpolate) => {
    colormapToLut(name).forEach((colour, i) => {
      const wanted = reference(interpolate(i / 255));
      bytes(colour)
        .slice(0, 3)
        .forEach((byte, channel) => {
          expect(Math.abs(byte - wanted[channel]!)).toBeLessThanOrEqual(2);
        });
    });
  });

  it.each(COLORMAPS)("%s has steadily changing lightness, in both themes", (name) => {
    for (const dark of [false, true]) {
      const lights = Array.from(colormapToLut(name, dark), luminance);
      const sign = Math.sign(lights[255]! - lights[0]!);
      for (let i = 8; i < 256; i += 8) expect(sign * (lights[i]! - lights[i - 8]!)).toBeGreaterThan(0);
    }
  });

  it("has differences stand out from the middle, in both themes", () => {
    for (const dark of [false, true]) {
      const lights = Array.from(colormapToLut("diverging", dark), luminance);
      const sign = dark ? 1 : -1;
      for (let i = 16; i < 128; i += 16) {
        expect(sign * (lights[127 - i]! - lights[143 - i]!)).toBeGreaterThan(0);
        expect(sign * (lights[128 + i]! - lights[112 + i]!)).toBeGreaterThan(0);
      }
    }
  });

  it.each(Object.entries(DEFICIENCIES))("stay readable with %s", (_, matrix) => {
    for (const name of COLORMAPS)
      for (const dark of [false, true]) {
        const seen = Array.from(colormapToLut(name, dark), (colour) => seenWith(matrix, colour));
        const lights = seen.map(luminanceOf);
        const sign = Math.sign(lights[255]! - lights[0]!);
        for (let i = 16; i < 256; i += 16) {
          expect(sign * (lights[i]! - lights[i - 16]!)).toBeGreaterThan(0);
          expect(difference(seen[i]!, seen[i - 16]!)).toBeGreaterThan(JUST_NOTICEABLE);
        }
      }
    for (const dark of [false, true]) {
      const lut = colormapToLut("diverging", dark);
      // Equal differences of either sign, a quarter, half and all of the way out, must not look the same.
      for (const out of [32, 64, 127]) {
        const [below, above] = [lut[127 - out]!, lut[128 + out]!].map((colour) => seenWith(matrix, colour));
        expect(difference(below!, above!)).toBeGreaterThan(EASILY_SEEN);
      }
    }
  });

  it("packs colours as ImageData holds them", () => {
    expect(bytes(packColour(1, 2, 3))).toEqual([1, 2, 3, 255]);
    expect(bytes(hexToColour("#FF8000"))).toEqual([255, 128, 0, 255]);
    expect(colourToCss(hexToColour("102030"))).toBe("rgb(16 32 48)");
    expect(() => hexToColour("orange")).toThrow('#rrggbb, but got "orange"');
    expect(lutToGradient(colormapToLut("viridis"), 2)).toEqual(["rgb(68 1 84)", "rgb(253 231 37)"]);
  });
});

describe("colour table", () => {
  const lut = colormapToLut("viridis");

  it.each(["linear", "sqrt", "log"] as const)("gives the colour of the share, %s", (curve) => {
    const scale: ColourScale = colourScale("share", curve, { least: 1e-4, most: 0.8 });
    const table = colourTable(scale, lut, BLANKS);
    for (let value = 1e-6; value < 2; value *= 1.07) {
      const level = Math.round(quantityToShare(scale, value) * 255);
      expect(levelsOff(lut, look(table, value), level)).toBeGreaterThanOrEqual(0);
    }
    expect(look(table, 0.8)).toBe(lut[255]);
    expect(look(table, 1e30)).toBe(lut[255]);
    expect(look(table, Number.POSITIVE_INFINITY)).toBe(lut[255]);
    expect(look(table, 1e-30)).toBe(lut[0]);
  });

  it("keeps empty cells and gaps apart from small values", () => {
    const scale = colourScale("count", "linear", { least: 1, most: 10 });
    const table = colourTable(scale, lut, BLANKS);
    expect([look(table, 0), look(table, Number.NaN)]).toEqual([BLANKS.zero, BLANKS.gap]);
    expect(look(colourTable(scale, lut, { ...BLANKS, zero: null }), 0)).toBe(lut[0]);
  });

  it("has differences meet in the middle", () => {
    const diverging = colormapToLut("diverging");
    const table = differenceTable(0.5, "linear", diverging, BLANKS.gap);
    const colours = [-0.5, -9, 0, 0.5, 9].map((value) => look(table, value));
    expect(colours).toEqual([0, 0, 128, 255, 255].map((level) => diverging[level]));
    expect(levelsOff(diverging, look(table, 0.25), 191)).toBeGreaterThanOrEqual(0);
    expect(levelsOff(diverging, look(table, -0.25), 64)).toBeGreaterThanOrEqual(0);
    expect(look(table, Number.NaN)).toBe(BLANKS.gap);
    expect(look(differenceTable(0, "sqrt", diverging, BLANKS.gap), 0)).toBe(diverging[128]);
  });
});

describe("highlight", () => {
  it("keeps the colours around a place and takes all others nearly to the background", () => {
    const lut = colormapToLut("viridis");
    const background = hexToColour("#f3f3f4");
    const dimmed = dimmedLut(lut, 0.5, background);
    for (let i = 0; i < 256; i++) {
      if (Math.abs(i / 255 - 0.5) <= HIGHLIGHT_SHARE) expect(dimmed[i]).toBe(lut[i]);
      else {
        const [own, now, paper] = [lut[i]!, dimmed[i]!, background].map(bytes);
        for (let c = 0; c < 4; c++) expect(now![c]).toBe(Math.round(paper![c]! * 0.86 + own![c]! * 0.14));
      }
    }
    expect(dimmedLut(lut, 1, background)[255]).toBe(lut[255]);
  });
});
