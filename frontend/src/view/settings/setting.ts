/** One setting: a signal with a default, kept in TensorBoard's URL while it differs from that default. */

import { batch, effect, type Signal, signal } from "@preact/signals";
import { hashToPairs, replacePairs } from "../../host/hash";
import { onHashChange, readAddress, readHash, writeHash } from "../../host/parent";
import type { Codec } from "./codec";

export interface Setting<T> extends Signal<T> {
  readonly key: string;
  readonly initial: T;
  /** What the control is called, also in the reset chip. */
  reset(): void;
}

interface Registered {
  read(pairs: ReadonlyMap<string, string>): void;
  /** undefined while the setting has its default. */
  write(): string | undefined;
}

const registry = new Map<string, Registered>();
const WRITE_DELAY_MS = 150;

export function setting<T>(key: string, initial: T, codec: Codec<T>): Setting<T> {
  const state = signal(initial);
  const initialText = codec.format(initial);
  registry.set(key, {
    read(pairs) {
      const text = pairs.get(key);
      const given = text === undefined ? initial : codec.parse(text);
      if (given === undefined) console.info(`activation_hist: ignored ${key}=${text} in the address.`);
      // A link gives the same view wherever it is opened, also where it names what we do not know.
      const value = given === undefined ? initial : given;
      if (codec.format(state.peek()) !== codec.format(value)) state.value = value;
    },
    write() {
      const text = codec.format(state.value);
      return text === initialText ? undefined : text;
    },
  });
  return Object.assign(state, {
    key,
    initial,
    reset: () => {
      state.value = initial;
    },
  });
}

/** Restores all settings from the URL, then keeps the URL up to date; call once. */
export function startUrl(): void {
  readUrl();
  onHashChange(readUrl);
  let timer = 0;
  effect(() => {
    const pairs = writePairs();
    window.clearTimeout(timer);
    timer = window.setTimeout(() => writeHash(replacePairs(readHash(), pairs)), WRITE_DELAY_MS);
  });
}

/** Address that restores the view as it is now. */
export function linkToView(): string {
  writeHash(replacePairs(readHash(), writePairs()));
  return readAddress();
}

function readUrl(): void {
  const pairs = hashToPairs(readHash());
  batch(() => {
    for (const entry of registry.values()) entry.read(pairs);
  });
}

function writePairs(): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const [key, entry] of registry) {
    const text = entry.write();
    if (text !== undefined) pairs.set(key, text);
  }
  return pairs;
}
