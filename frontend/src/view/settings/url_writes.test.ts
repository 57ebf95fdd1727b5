import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { filter, zoomX } from "./settings";
import { startUrl } from "./url";
import { jumpTo, moveTo } from "./zoom";

/** Longer than the page waits before it writes the address, or ends a gesture. */
const LATER_MS = 400;
const ZOOMED = new Map([["", [2, 4] as const]]);

const location = { hash: "#activation_hist", pathname: "/", search: "" };
const hashHeard: (() => void)[] = [];

/** As a browser does: the address changes first, and whoever listens hears of it later. */
function follow(settings: string): void {
  location.hash = `#activation_hist${settings}`;
}

function hear(): void {
  for (const listener of hashHeard) listener();
}

beforeEach(() => {
  vi.useFakeTimers();
  const take = (_state: unknown, _title: string, address: string) => {
    location.hash = address.slice(address.indexOf("#"));
  };
  vi.stubGlobal("window", {
    location,
    history: { state: null, replaceState: take, pushState: take },
    addEventListener: (_name: string, listener: () => void) => hashHeard.push(listener),
    setTimeout,
    clearTimeout,
    get parent() {
      return this;
    },
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("writes what is chosen, and never over a link that was followed meanwhile", () => {
  startUrl();
  filter.value = "conv";
  vi.advanceTimersByTime(LATER_MS);
  expect(location.hash).toBe("#activation_hist&p.activation_hist.filter=conv");

  filter.value = "fc";
  follow("&p.activation_hist.filter=head");
  vi.advanceTimersByTime(200);
  hear();
  vi.advanceTimersByTime(LATER_MS);
  expect([filter.value, location.hash]).toEqual(["head", "#activation_hist&p.activation_hist.filter=head"]);

  // TensorBoard changes its own part, of which nobody hears: what is chosen is written all the same.
  follow("&runFilter=a&p.activation_hist.filter=head");
  filter.value = "out";
  vi.advanceTimersByTime(LATER_MS);
  expect(location.hash).toBe("#activation_hist&runFilter=a&p.activation_hist.filter=out");

  moveTo(ZOOMED, new Map());
  follow("&p.activation_hist.filter=head");
  hear();
  vi.advanceTimersByTime(LATER_MS);
  expect([zoomX.value.size, location.hash]).toEqual([0, "#activation_hist&p.activation_hist.filter=head"]);
  jumpTo(ZOOMED, new Map());
  vi.advanceTimersByTime(LATER_MS);
  expect(location.hash).toContain("zoomX=~2,4");
});
