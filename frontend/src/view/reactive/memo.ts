/** Small memories of what was worked out last. */

/** Remembers a value as the newest one, and forgets the oldest beyond `most`. */
export function remember<Key, Value>(memory: Map<Key, Value>, key: Key, value: Value, most: number): Value {
  memory.delete(key);
  memory.set(key, value);
  for (const oldest of memory.keys()) {
    if (memory.size <= most) break;
    memory.delete(oldest);
  }
  return value;
}
