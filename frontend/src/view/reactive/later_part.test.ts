import { describe, expect, it } from "vitest";
import { laterPart } from "./later_part";

describe("laterPart", () => {
  it("loads once, and again after it failed", async () => {
    const answers = [() => Promise.reject(new Error("gone")), () => Promise.resolve({ here: true })];
    let calls = 0;
    const part = laterPart(() => answers[calls++]!());
    expect(part.value.value).toBeNull();
    expect(await part.load()).toBe(false);
    expect(await Promise.all([part.load(), part.load()])).toEqual([true, true]);
    expect([calls, part.value.value]).toEqual([2, { here: true }]);
  });
});
