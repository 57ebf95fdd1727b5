import { describe, expect, it } from "vitest";
import { BANDS } from "../../paint/bands";
import { STRIP_HEIGHT_PX, THIN_PX } from "../../paint/scene";
import { X_AXIS_PX } from "./metrics";
import { placeParts } from "./panel_layout";

describe("placeParts", () => {
  it("lets no two parts overlap and keeps the time axis inside of the panel", () => {
    for (const count of [0, 1, 3, BANDS.length]) {
      for (const shares of [false, true]) {
        const layout = placeParts(BANDS.slice(0, count), 148, shares);
        const parts = [
          [layout.heatTop_px, layout.heatTop_px + layout.heatHeight_px] as const,
          ...layout.bands.map(({ top_px }) => [top_px, top_px + THIN_PX] as const),
          ...(layout.stripTop_px === null
            ? []
            : [[layout.stripTop_px, layout.stripTop_px + STRIP_HEIGHT_PX] as const]),
        ].sort((a, b) => a[0] - b[0]);
        for (let at = 1; at < parts.length; at++) {
          expect(parts[at]![0]).toBeGreaterThanOrEqual(parts[at - 1]![1]);
        }
        expect(layout.axisTop_px).toBeGreaterThanOrEqual(parts.at(-1)![1]);
        const room_px = shares ? 148 + 12 : 148;
        expect(layout.axisTop_px + X_AXIS_PX).toBeLessThanOrEqual(room_px);
      }
    }
  });

  it("gives the heatmap what the bands leave", () => {
    const bare = placeParts([], 148, false).heatHeight_px;
    const full = placeParts(BANDS, 148, false).heatHeight_px;
    expect(bare - full).toBe(BANDS.length * 6);
  });
});
