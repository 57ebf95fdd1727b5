/** Which part of a picture shows, and where, while its axis has moved on since it was drawn. */

/** Of the picture, and of the room it is shown in; both as shares of their length. */
export interface VisiblePart {
  readonly source: readonly [from: number, to: number];
  readonly target: readonly [from: number, to: number];
}

/** `from`, `to`: where the picture's ends lie now, as shares of the room. null: out of sight. */
export function visiblePart(from: number, to: number): VisiblePart | null {
  const first = Math.max(0, from);
  const last = Math.min(1, to);
  if (!(last > first)) return null;
  const length = to - from;
  return { source: [(first - from) / length, (last - from) / length], target: [first, last] };
}
