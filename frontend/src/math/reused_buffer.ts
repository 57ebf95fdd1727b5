/** Memory that is used again: making room takes as long as filling it. */

/** The old buffer when it is large enough, else a new one. */
export function reuseBuffer(old: ArrayBufferLike | undefined, bytes: number): ArrayBufferLike {
  return old !== undefined && old.byteLength >= bytes ? old : new ArrayBuffer(bytes);
}
