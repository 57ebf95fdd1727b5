import { afterEach, expect, it } from "vitest";
import { madeTile } from "../../math/tile_fixture";
import * as settings from "../settings/settings";
import { overlayLines } from "./overlays";
import type { PanelView } from "./panel_view";

afterEach(() => {
  settings.overlays.value = [];
});

/** Two columns of a kind, with known moments. */
function panelOf(kind: string): PanelView {
  const columns = { mean: Float64Array.of(3, 0), std: Float64Array.of(4, 2e-3) };
  const shown = {
    value: madeTile({
      edges: [-1, 0, 1],
      counts: [
        [1, 1],
        [1, 1],
      ],
      columns,
    }),
  };
  const spans = { value: { start: Float64Array.of(0, 0.5), end: Float64Array.of(0.5, 1) } };
  return { shown, spans, layer: { series: { value: { kind } } } } as unknown as PanelView;
}

const values = (line: { points: readonly (readonly [number, number])[] } | undefined) =>
  line?.points.map(([, value]) => value).filter(Number.isFinite);

it("draws the root mean square of any kind", () => {
  settings.overlays.value = ["size"];
  const lines = overlayLines(panelOf("activations"));
  expect(lines.map(({ name }) => name)).toEqual(["root mean square"]);
  expect(values(lines[0])).toEqual([5, 2e-3]);
});

it("draws the usual size beside that of updates", () => {
  settings.overlays.value = ["size"];
  const lines = overlayLines(panelOf("updates"));
  expect(lines.map(({ name }) => name)).toEqual(["root mean square", "10⁻³ of the weights"]);
  expect(values(lines[1])).toEqual([1e-3, 1e-3]);
});
