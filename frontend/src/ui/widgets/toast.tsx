/** A word about what a key or a command did, at the foot of the page for a moment. */

import { signal } from "@preact/signals";

const SAID_MS = 2500;

const said = signal("");
let timer = 0;

export function say(words: string): void {
  said.value = words;
  window.clearTimeout(timer);
  timer = window.setTimeout(() => {
    said.value = "";
  }, SAID_MS);
}

export function Said() {
  return (
    <div class="said" role="status">
      {said}
    </div>
  );
}
