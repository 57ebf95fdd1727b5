/** The settings in TensorBoard's URL: read at first and when it changes, written when they change. */

import { batch, effect } from "@preact/signals";
import { hashToPairs, type Pairs, replacePairs } from "../../host/hash";
import { onHashChange, readAddress, readHash, writeHash } from "../../host/parent";
import { renameKeys } from "./former_keys";
import { allSettings } from "./setting";

const WRITE_DELAY_MS = 150;

/** Restores all settings from the URL, then keeps the URL up to date; call once. */
export function startUrl(): void {
  readUrl();
  onHashChange(readUrl);
  let timer = 0;
  effect(() => {
    const pairs = settingsToPairs();
    window.clearTimeout(timer);
    timer = window.setTimeout(() => writeHash(replacePairs(readHash(), pairs)), WRITE_DELAY_MS);
  });
}

/** Address that restores the view as it is now. */
export function linkToView(): string {
  writeHash(replacePairs(readHash(), settingsToPairs()));
  return readAddress();
}

function readUrl(): void {
  readSettings(hashToPairs(readHash()));
}

/** Every setting as the pairs have it, those that they do not name as at first. */
export function readSettings(pairs: Pairs): void {
  const renamed = renameKeys(pairs);
  batch(() => {
    for (const setting of allSettings) setting.read(renamed.get(setting.name));
  });
}

/** Settings that differ from their defaults. */
export function settingsToPairs(): Pairs {
  const pairs = new Map<string, string>();
  for (const setting of allSettings) {
    const text = setting.write();
    if (text !== undefined) pairs.set(setting.name, text);
  }
  return pairs;
}
