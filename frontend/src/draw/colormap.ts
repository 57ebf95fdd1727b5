/** Colour maps as 256-entry look-up tables, and the table from a cell's float bits to its colour. */

import { type ColourScale, colourScale, quantityToShare } from "../math/normalise";

export type ColormapName = "viridis" | "cividis" | "magma" | "inferno" | "grey" | "diverging";

export const COLORMAPS: readonly ColormapName[] = ["viridis", "cividis", "magma", "inferno", "grey"];

/** 256 colours, each one number whose bytes in memory are R, G, B, A. */
export type Lut = Uint32Array;

const STOP_DIGITS = 6;

/**
 * Every fifth of d3-scale-chromatic's 256 colours as RRGGBB; straight lines between them stay within
 * 2 of 255 of the original (tested), in a tenth of its size. `diverging` is RdBu, blue below 0;
 * `grey` has more contrast than d3's Greys. cividis was made to look alike with colour-vision deficiency.
 */
const STOPS: Readonly<Record<ColormapName, string>> = {
  viridis:
    "44015446085c471063481769481d6f482475472a7a46307e453781433d844142873f48893d4e8a3a538b38598c355e8d" +
    "33638d31688e2e6d8e2c718e2a768e297b8e27808e25848e23898e218e8d20928c1f978b1e9c891fa18821a58524aa83" +
    "28ae802eb37c35b7793dbc7446c06f50c46a5ac86465cb5e70cf577cd25089d54895d840a2da37b0dd2fbddf26cae11f" +
    "d8e219e5e419f1e51dfde725",
  cividis:
    "00205100245900275f002b64052e6709326a0f356c15396d1c3c6e23406e29436e30476e374a6e3e4e6e44526d4b556d" +
    "51596e575c6e5c606e62646f67676f6c6b70706f717572727976737d7a74817d758581768985778e8978928d78969178" +
    "9b95789f9978a49d78a9a177aea575b4a974baae72bfb26fc5b66cccbb69d2bf66d8c462dec85ee4cd5aead256f0d652" +
    "f4db4ef8e04bfbe548fdea45",
  magma:
    "00000402020b0504160907200e0b2b140e361a104221114e29115a311165390f6e420f754a107952137c5a167e621980" +
    "6a1c81721f81792282812581892881912b81992d80a1307eaa337db2357bba3878c23b75ca3e72d2426fd9466be04c67" +
    "e75263ec5860f1605df4695cf7725cf97b5dfb8560fc8e64fd9869fea16efeaa74feb47bfebd82fec68afecf92fed89a" +
    "fde2a3fdebacfcf4b6fcfdbf",
  inferno:
    "00000402020c0504170a072210092d160b391e0c45260c512f0a5b380962400a67490b6a510e6c59106e61136e69166e" +
    "71196e781c6d801f6c88226a902568982766a02a63a82e5fb0315bb73557bf3952c63d4dcc4248d34743d94d3ddf5337" +
    "e45a31e9612bed6925f1711ff47918f78212f98b0bfa9407fb9d07fca60cfcb014fbba1ffac42af8cd37f6d746f4e156" +
    "f2ea69f2f27df5f992fcffa4",
  diverging:
    "0530610a3b7010457e164f8b1b5a982164a2286dab2e76b23680b93e89be4892c3549bc861a5cd6faed27db7d78bc0db" +
    "99c7e0a6cfe3b2d5e7bedbeac9e1edd3e6f0dbeaf1e3edf2eaeff2eff0f0f4efecf7ece6f9e8defae2d5fbdbcafad3bf" +
    "facab3f8c1a6f6b69af3ab8def9f81eb9276e6856be07861da6b57d45d4ecd4f46c6413fbe3539b52933aa1f2e9f172a" +
    "921027840a2476052167001f",
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
