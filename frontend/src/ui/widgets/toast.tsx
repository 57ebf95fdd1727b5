/** A word about what a key or a command did, at the foot of the page for a moment. */

import { signal } from "@preact/signals";

const SHOWN_MS = 2500;

const text = signal("");
let timer = 0;

export function say(words: string): void {
  text.value = words;
  window.clearTimeout(timer);
  timer = window.setTimeout(() => {
    text.value = "";
  }, SHOWN_MS);
}

export function Toast() {
  return (
    <div class="said" role="status">
      {text}
    </div>
  );
}
