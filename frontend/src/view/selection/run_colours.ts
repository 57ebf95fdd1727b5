/** Colours of runs: those that TensorBoard gives them, so that a run has one colour in all tabs. */

/** TensorBoard's palette, in the order in which it gives colours to runs. */
const LIGHT = ["#425066", "#12b5cb", "#e52592", "#f9ab00", "#9334e6", "#7cb342", "#e8710a"];
const DARK = ["#8e98a3", ...LIGHT.slice(1)];

/** TensorBoard begins anew after seven runs. Here each further round is darker or lighter than the first. */
const ROUNDS: readonly (readonly [towards: number, part: number])[] = [
  [0, 0],
  [0, 0.4],
  [255, 0.45],
  [0, 0.62],
  [255, 0.68],
];

/** `given`: what TensorBoard has now for this run; `regrouped`: whether it colours runs by groups. */
export function colourOfPlace(at: number, dark: boolean, given?: string, regrouped = false): string {
  if (given !== undefined && (regrouped || !isOfPlace(given, at))) return given;
  const palette = dark ? DARK : LIGHT;
  const colour = palette[at % palette.length]!;
  const [towards, part] = ROUNDS[Math.floor(at / palette.length) % ROUNDS.length]!;
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
