/** Lists that stay the same array while their items do, so that what depends on them is not made anew. */

import { computed, type ReadonlySignal } from "@preact/signals";

export function stableList<T>(find: () => readonly T[]): ReadonlySignal<readonly T[]> {
  let last: readonly T[] = [];
  return computed(() => {
    const now = find();
    const same = now.length === last.length && now.every((item, at) => item === last[at]);
    if (!same) last = now;
    return last;
  });
}
