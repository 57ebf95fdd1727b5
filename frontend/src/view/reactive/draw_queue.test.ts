import { signal } from "@preact/signals";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { drawSoon, forget, isWaiting, keepDrawn } from "./draw_queue";

let frames: (() => void)[] = [];
let now_ms = 0;

beforeEach(() => {
  frames = [];
  vi.stubGlobal("requestAnimationFrame", (call: () => void) => frames.push(call));
  vi.spyOn(performance, "now").mockImplementation(() => now_ms);
});

/** The next frame. */
function draw(): void {
  frames.shift()?.();
}

describe("drawing", () => {
  it("waits for a frame, and is done once for each target", () => {
    const drawn: string[] = [];
    const target = {};
    drawSoon(target, () => drawn.push("old"));
    drawSoon(target, () => drawn.push("new"));
    drawSoon({}, () => drawn.push("other"));
    expect([drawn, frames.length]).toEqual([[], 1]);
    draw();
    expect(drawn).toEqual(["new", "other"]);
    expect(isWaiting(target)).toBe(false);
  });

  it("goes on in the next frame when its time is over", () => {
    const drawn: number[] = [];
    for (const at of [0, 1, 2])
      drawSoon({}, () => {
        drawn.push(at);
        now_ms += 60;
      });
    draw();
    expect(drawn).toEqual([0, 1]);
    draw();
    expect(drawn).toEqual([0, 1, 2]);
    expect(frames.length).toBe(0);
  });

  it("of what has gone is left out", () => {
    const target = {};
    const paint = vi.fn();
    drawSoon(target, paint);
    forget(target);
    draw();
    expect(paint).not.toHaveBeenCalled();
  });
});

describe("what is kept drawn", () => {
  it("is drawn again in a frame, however often something it read has changed", () => {
    const [shown, other] = [signal(1), signal(1)];
    const drawn: number[] = [];
    const stop = keepDrawn({}, () => drawn.push(shown.value));
    expect(drawn).toEqual([]);
    draw();
    shown.value = 2;
    shown.value = 3;
    other.value = 2;
    expect([drawn, frames.length]).toEqual([[1], 1]);
    draw();
    expect(drawn).toEqual([1, 3]);
    other.value = 3;
    expect(frames.length).toBe(0);
    stop();
    shown.value = 4;
    expect(frames.length).toBe(0);
  });

  it("is not drawn after it was stopped", () => {
    const paint = vi.fn();
    keepDrawn({}, paint)();
    draw();
    expect(paint).not.toHaveBeenCalled();
  });

  it("follows what it read last", () => {
    const [which, a, b] = [signal<"a" | "b">("a"), signal(1), signal(10)];
    const drawn: number[] = [];
    keepDrawn({}, () => drawn.push(which.value === "a" ? a.value : b.value));
    draw();
    which.value = "b";
    draw();
    a.value = 2;
    expect(frames.length).toBe(0);
    b.value = 20;
    draw();
    expect(drawn).toEqual([1, 10, 20]);
  });

  it("is tried again after a failure", () => {
    const shown = signal(0);
    const drawn: number[] = [];
    keepDrawn({}, () => {
      if (shown.value === 1) throw new Error("torn");
      drawn.push(shown.value);
    });
    draw();
    shown.value = 1;
    expect(draw).toThrow("torn");
    shown.value = 2;
    draw();
    expect(drawn).toEqual([0, 2]);
  });
});
