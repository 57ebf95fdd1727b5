/** Places and sizes in CSS px as a style; text, since that is what a signal bound to a style can give. */

type Side = "left" | "top" | "right" | "bottom" | "width" | "height" | "padding-left";

export function box(sides: Readonly<Partial<Record<Side, number>>>): string {
  return Object.entries(sides)
    .map(([side, size_px]) => `${side}:${size_px}px`)
    .join(";");
}
