/** Values that are worked out for objects and forgotten with them. */

import { computed, type ReadonlySignal } from "@preact/signals";

/** The same answer for the same object. */
export function perObject<K extends object, T>(make: (key: K) => T): (key: K) => T {
  const known = new WeakMap<K, T>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) {
      value = make(key);
      known.set(key, value);
    }
    return value;
  };
}

/** Worked out once for each object, and again only when what it reads has changed. */
export function computedPerObject<K extends object, T>(read: (key: K) => T): (key: K) => T {
  const signals = perObject<K, ReadonlySignal<T>>((key) => computed(() => read(key)));
  return (key) => signals(key).value;
}
