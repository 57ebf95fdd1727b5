/** Colours of runs: those that TensorBoard gives them, so that a run has one colour in all tabs. */

/** TensorBoard's palette, in the order in which it gives colours to runs. */
const LIGHT = ["#425066", "#12b5cb", "#e52592", "#f9ab00", "#9334e6", "#7cb342", "#e8710a"];
const DARK = ["#8e98a3", ...LIGHT.slice(1)];

/** How far each further round of seven runs is moved towards black (0) or white (255). */
type Rounds = readonly (readonly [towards: number, part: number])[];

/**
 * TensorBoard begins anew after seven runs. Of all steps of 0.05 these keep 35 colours furthest apart (light 31, dark
 * 27 of 255) with a contrast of at least 1.4 to the background (found by trying all).
 */
const LIGHT_ROUNDS: Rounds = [
  [0, 0],
  [0, 0.5],
  [255, 0.4],
  [0, 0.25],
  [255, 0.25],
];
const DARK_ROUNDS: Rounds = [
  [0, 0],
  [255, 0.4],
  [0, 0.25],
  [255, 0.55],
  [255, 0.25],
];

/** `given`: what TensorBoard has now for this run; `regrouped`: whether it colours runs by groups. */
export function colourOfPlace(at: number, dark: boolean, given?: string, regrouped = false): string {
  if (given !== undefined && (regrouped || !isOfPlace(given, at))) return given;
  const palette = dark ? DARK : LIGHT;
  const colour = palette[at % palette.length]!;
  const rounds = dark ? DARK_ROUNDS : LIGHT_ROUNDS;
  const [towards, part] = rounds[Math.floor(at / palette.length) % rounds.length]!;
  return mix(colour, towards, part);
}

/** Whether TensorBoard would give a colour to the run at a place by itself, in either theme. */
function isOfPlace(colour: string, at: number): boolean {
  return [LIGHT, DARK].some((palette) => palette[at % palette.length] === colour);
}

/**
 * Whether colours of the palette stand at other places than their own: then TensorBoard colours runs by groups, and its
 * colours are taken as they are. A colour that was picked for one run is hardly ever one of the palette.
 */
export function areRegrouped(names: readonly string[], given: ReadonlyMap<string, string>): boolean {
  return names.some((name, at) => {
    const colour = given.get(name);
    return (
      colour !== undefined && !isOfPlace(colour, at) && (LIGHT.includes(colour) || DARK.includes(colour))
    );
  });
}

/** Each channel of a "#rrggbb" moved by a part of its way towards a level. */
function mix(colour: string, towards: number, part: number): string {
  const channels = [1, 3, 5].map((from) => Number.parseInt(colour.slice(from, from + 2), 16));
  const mixed = channels.map((channel) => Math.round(channel + (towards - channel) * part));
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}
