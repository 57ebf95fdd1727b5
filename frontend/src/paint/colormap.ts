/** Colour maps as 256-entry look-up tables, and the table from a cell's float bits to its colour. */

import { type ColourScale, colourScale, quantityToShare } from "../math/normalise";

export type ColormapName = "viridis" | "cividis" | "magma" | "inferno" | "grey" | "diverging";

export const COLORMAPS: readonly ColormapName[] = ["viridis", "cividis", "magma", "inferno", "grey"];

/** 256 colours, each one number whose bytes in memory are R, G, B, A. */
export type Lut = Uint32Array;

const STOP_DIGITS = 6;

/**
 * Evenly spaced colours of d3-scale-chromatic as RRGGBB, as few as let straight lines between them stay within
 * 2 of 255 of the original (tested). `diverging` is RdBu, blue below 0;
 * `grey` has more contrast than d3's Greys. cividis was made to look alike with colour-vision deficiency.
 */
const STOPS: Readonly<Record<ColormapName, string>> = {
  viridis:
    "440154471164482071472e7c443b843f48893a548c34608d2f6c8e2a768e26818e228b8d1f958b1fa08824aa832fb47c" +
    "42be7158c76570cf578bd646a8db34c5e021e2e418fde725",
  cividis:
    "002051012b6511366c26426e3c4d6e51586e62646f7270717f7c758c88779a9478a9a177bbaf71cebd68e2cb5cf3da4f" +
    "fdea45",
  magma:
    "00000406051a140e362512553b0f7051127c641a807822818c2981a1307eb73779ca3e72de4968ed5a5ff7705cfc8961" +
    "fe9f6dfeb77efecf92fde7a9fcfdbf",
  inferno:
    "0000040403140d0829190c3e280b53380962470b6a57106e65156e741a6e82206c9025689f2a63ad305dbc3754c83f4b" +
    "d44842df5337e8602def6e21f57d15f98e09fc9f07fcb014fac228f7d340f3e55df2f482fcffa4",
  diverging:
    "05306117518e2a71ae448ec16bacd098c7dfbfdcebdeebf2f2efeefae4d8faccb4f3aa8ce48268d1574bb82d35941127" +
    "67001f",
  grey: "e4e4e4121212",
};

/** On dark backgrounds "no difference" is dark, so that differences shine. */
const DARK_STOPS: Readonly<Partial<Record<ColormapName, string>>> = {
  diverging: "c6e4ff7fbdf53f8fd6275f942b3b4a2b2b2b4d362c9a4a2be07038f9a777ffdcc2",
  grey: "3a3a3af4f4f4",
};

/** Every row asks for its colours. */
const LUTS = new Map<string, Lut>();

/** The colours of a map, not to be written to. `dark`: made for a dark background, where that matters (grey, diverging). */
export function colormapToLut(name: ColormapName, dark = false): Lut {
  const stops = (dark ? DARK_STOPS[name] : undefined) ?? STOPS[name];
  let lut = LUTS.get(stops);
  if (lut === undefined) {
    lut = stopsToLut(stops);
    LUTS.set(stops, lut);
  }
  return lut;
}

/** One packed colour from R, G, B, A of 0..255. */
export function packColour(red: number, green: number, blue: number, alpha = 255): number {
  BYTES.set([red, green, blue, alpha]);
  return WORD[0]!;
}

/** "#rrggbb" as a packed, opaque colour. */
export function hexToColour(hex: string): number {
  const match = /^#?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(hex.trim());
  if (match === null) throw new RangeError(`A colour is written #rrggbb, but got "${hex}".`);
  const [red, green, blue] = match.slice(1).map((part) => Number.parseInt(part, 16)) as [
    number,
    number,
    number,
  ];
  return packColour(red, green, blue);
}

/** A packed colour as "rgb(r g b)" for CSS and SVG. */
export function colourToCss(colour: number): string {
  WORD[0] = colour;
  return `rgb(${BYTES[0]} ${BYTES[1]} ${BYTES[2]})`;
}

/** Half the width of a highlight, as a share of the colours. */
export const HIGHLIGHT_SHARE = 0.02;
/** How much of their own colour all others keep. */
const DIMMED = 0.14;

/** The colours around `place` (0..1) as they are, all others nearly as the background. */
export function dimmedLut(lut: Lut, place: number, background: number): Lut {
  return lut.map((colour, i) =>
    Math.abs(i / LAST - place) <= HIGHLIGHT_SHARE ? colour : mixColours(background, colour, DIMMED),
  );
}

function mixColours(from: number, to: number, part: number): number {
  const channel = (shift: number): number =>
    Math.round(((from >>> shift) & 255) * (1 - part) + ((to >>> shift) & 255) * part) << shift;
  return (channel(0) | channel(8) | channel(16) | channel(24)) >>> 0;
}

/** Stops of a CSS gradient along the colour bar, low end first. */
export function lutToGradient(lut: Lut, stops = 17): readonly string[] {
  return Array.from({ length: stops }, (_, i) => colourToCss(lut[Math.round((i / (stops - 1)) * 255)]!));
}

/**
 * Colours by the upper 16 bits of a cell's float32: sign, exponent and 7 bits of the mantissa tell
 * values 0.8 % apart, which are at most two of 256 colours. One look-up then replaces log, clamp and
 * map; a finer table would cost more to fill, once per row of panels, than the cells it colours.
 */
export type ColourTable = Uint32Array;
export const TABLE_SHIFT = 16;
const TABLE_SIZE = 1 << (32 - TABLE_SHIFT);

/** Cells of one value that are not on the colour map. */
export interface Blanks {
  /** Colour of cells with a count of 0; null: the map's lowest colour. */
  readonly zero: number | null;
  /** Colour where there is no column (gaps, cells that are NaN). */
  readonly gap: number;
}

/** Table for cells >= 0 on a colour scale. */
export function colourTable(scale: ColourScale, lut: Lut, blanks: Blanks): ColourTable {
  const table = new Uint32Array(TABLE_SIZE).fill(blanks.gap);
  fillEntries(table, 0, scale, lut, 0, LAST);
  table[0] = blanks.zero ?? lut[0]!;
  return table;
}

/** Table for differences: -limit takes the first colour, 0 the middle one, +limit the last. */
export function differenceTable(limit: number, curve: "linear" | "sqrt", lut: Lut, gap: number): ColourTable {
  const scale = colourScale("share", curve, { least: 0, most: limit });
  const table = new Uint32Array(TABLE_SIZE).fill(gap);
  fillEntries(table, 0, scale, lut, LAST / 2, LAST);
  fillEntries(table, TABLE_SIZE / 2, scale, lut, LAST / 2, 0);
  return table;
}

const LAST = 255;
const BITS = new Uint32Array(1);
const FLOAT = new Float32Array(BITS.buffer);
const WORD = new Uint32Array(1);
const BYTES = new Uint8Array(WORD.buffer);
const INFINITY_ENTRY = 0x7f800000 >>> TABLE_SHIFT;

/** Below this part of the largest value every curve is within half a colour of the lowest one. */
const NEGLIGIBLE = 2 ** -20;

/**
 * Fill the entries of one sign with the colours `from` (low end of the scale) to `to` (high end). Only
 * those between the ends need their share worked out.
 */
function fillEntries(
  table: ColourTable,
  start: number,
  scale: ColourScale,
  lut: Lut,
  from: number,
  to: number,
): void {
  const first = entry(Math.max(scale.lo, scale.hi * NEGLIGIBLE));
  const last = Math.min(entry(scale.hi), INFINITY_ENTRY - 1);
  table.fill(lut[Math.round(from)]!, start, start + first);
  for (let i = first; i <= last; i++) {
    // The middle of the values that share this entry.
    BITS[0] = (i << TABLE_SHIFT) | (1 << (TABLE_SHIFT - 1));
    table[start + i] = lut[Math.round(from + quantityToShare(scale, FLOAT[0]!) * (to - from))]!;
  }
  // Infinity does not occur in cells, but rounding to float32 may make it.
  table.fill(lut[to]!, start + last + 1, start + INFINITY_ENTRY + 1);
}

function entry(value: number): number {
  FLOAT[0] = value;
  return (BITS[0]! & 0x7fffffff) >>> TABLE_SHIFT;
}

function stopsToLut(stops: string): Lut {
  const count = stops.length / STOP_DIGITS - 1;
  const channel = (stop: number, c: number): number => {
    const at = stop * STOP_DIGITS + 2 * c;
    return Number.parseInt(stops.slice(at, at + 2), 16);
  };
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const place = (i / 255) * count;
    const stop = Math.min(count - 1, Math.floor(place));
    const part = place - stop;
    const mix = (c: number): number =>
      Math.round(channel(stop, c) * (1 - part) + channel(stop + 1, c) * part);
    return packColour(mix(0), mix(1), mix(2));
  });
}
