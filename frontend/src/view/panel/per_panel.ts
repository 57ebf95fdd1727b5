/** Values that are worked out for panels. */

import { computed, type ReadonlySignal } from "@preact/signals";
import type { PanelModel } from "./panels";

/** Worked out once for each panel, and again only when what it reads has changed. */
export function perPanel<T>(read: (panel: PanelModel) => T): (panel: PanelModel) => T {
  const known = new WeakMap<PanelModel, ReadonlySignal<T>>();
  return (panel) => {
    let value = known.get(panel);
    if (value === undefined) {
      value = computed(() => read(panel));
      known.set(panel, value);
    }
    return value.value;
  };
}
