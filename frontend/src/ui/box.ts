/** Places and sizes in CSS px as a style; Preact leaves numbers without a unit. */

type Side = "left" | "top" | "width" | "height" | "paddingLeft";

export function box(sides: Readonly<Partial<Record<Side, number>>>): Record<string, string> {
  return Object.fromEntries(Object.entries(sides).map(([side, size_px]) => [side, `${size_px}px`]));
}
