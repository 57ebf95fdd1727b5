/** All drawing goes through here: one animation frame for everybody, in slices, each target once. */

import { effect, signal } from "@preact/signals";
import { slice_ms } from "./frame_budget";

const waiting = new Map<object, () => void>();
let requested = false;

/** Draw soon. A later call for the same target replaces an earlier one. */
export function drawSoon(target: object, draw: () => void): void {
  waiting.set(target, draw);
  request();
}

/** Draws soon, and again soon when anything has changed that `draw` read; gives what ends that. */
export function keepDrawn(target: object, draw: () => void): () => void {
  const turns = signal(0);
  let drawing = false;
  const take = () => {
    drawing = true;
    turns.value++;
  };
  const stop = effect(() => {
    void turns.value;
    const isDue = drawing;
    drawing = false;
    if (isDue) draw();
    else drawSoon(target, take);
  });
  return () => {
    stop();
    forget(target);
  };
}

export function isWaiting(target: object): boolean {
  return waiting.has(target);
}

export function forget(target: object): void {
  waiting.delete(target);
}

function request(): void {
  if (requested) return;
  requested = true;
  requestAnimationFrame(drawSome);
}

function drawSome(): void {
  requested = false;
  const end_ms = performance.now() + slice_ms();
  for (const [target, draw] of waiting) {
    waiting.delete(target);
    draw();
    if (performance.now() > end_ms) break;
  }
  if (waiting.size > 0) request();
}
