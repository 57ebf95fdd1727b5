/** The units (slices) of a split layer over the steps, in place of its histogram: a row a unit, colour a statistic. */

import { type Signal, signal, useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { formatCounted, formatShare, formatValue, nameSteps } from "../../math/format";
import { joinRanges, unitColumn, unitsOfRow, unitsToText, valueToShare } from "../../math/unit_cells";
import type { Slices } from "../../series/types";
import { client } from "../../view/catalog/catalog";
import { NOTES_PX, pixelRatio, plot_px } from "../../view/layout/metrics";
import { currentLut } from "../../view/panel/colour_tables";
import { effectiveColourScope } from "../../view/panel/contrast";
import type { PanelView } from "../../view/panel/panel_view";
import type { UnitStatistic } from "../../view/panel/shown_units";
import { unitStatistic, unitsSorted } from "../../view/settings/settings";
import { box } from "../widgets/box";

/** The line above the picture: what it shows, and the controls. */
const HEAD_PX = 28;

interface Props {
  readonly panel: PanelView;
}

/** Of all panels that show units. */
const answers = signal<readonly (Slices & Props)[]>([]);

function keepAnswer(panel: PanelView, slices?: Slices): void {
  const others = answers.peek().filter((other) => other.panel !== panel);
  answers.value = slices === undefined ? others : [...others, { ...slices, panel }];
}

/** A panel's units; their colours have one scale for all runs of the layer, unless each panel has its own. */
function answerOf(panel: PanelView): Slices | null {
  const own = answers.value.find((one) => one.panel === panel);
  if (own === undefined || effectiveColourScope() === "panel") return own ?? null;
  const alike = answers.value.filter(
    (one) => one.panel.layer === panel.layer && one.statistic === own.statistic,
  );
  return { ...own, range: joinRanges(alike) };
}

export function Units({ panel }: Props) {
  const answer = useComputed(() => answerOf(panel));
  const error = useSignal("");
  const pointer = useSignal<Place | null>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  // In place of the bands and the strip too, which are of the histograms.
  const height = useComputed(() => panel.layer.layout.value.axisTop_px - NOTES_PX);
  const place = useComputed(() => box({ top: NOTES_PX, height: height.value, width: plot_px.value }));
  useSignalEffect(() => fetchUnits(panel, error));
  useEffect(() => () => keepAnswer(panel), [panel]);
  useSignalEffect(() => {
    if (canvas.current !== null) paint(canvas.current, panel, answer.value, height.value - HEAD_PX);
  });
  const tip = useComputed(() => readCell(answer.value, panel, pointer.value));
  const label = useComputed(() => unitsToLabel(answer.value));
  const words = useComputed(() => statisticToText(answer.value?.statistic ?? ""));
  return (
    <div class="units" style={place}>
      <div class="units-head field" style={box({ height: HEAD_PX })}>
        <UnitControls words={words.value} />
        <span class="ellipsis" role={error.value === "" ? undefined : "alert"} title={label}>
          {error.value || tip.value || label.value}
        </span>
      </div>
      <canvas
        ref={canvas}
        role="img"
        aria-label={`${words.value} of ${panel.run}: ${label.value}`}
        onPointerMove={(event) => {
          const { offsetX: x_px, offsetY: y_px, currentTarget } = event;
          pointer.value = { x_px, y: y_px / Math.max(1, currentTarget.clientHeight) };
        }}
        onPointerLeave={() => {
          pointer.value = null;
        }}
      />
    </div>
  );
}

function stop(event: Event): void {
  event.stopPropagation();
}

/** words: the statistic that is shown. */
function UnitControls({ words }: { readonly words: string }) {
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keeps clicks on the controls from the plot behind them.
    <span class="field" onPointerDown={stop} onMouseDown={stop} onDblClick={stop}>
      <select
        aria-label={unitStatistic.label}
        title={unitStatistic.tip}
        value={unitStatistic.value}
        onChange={(event) => {
          unitStatistic.value = event.currentTarget.value as UnitStatistic;
        }}
      >
        {unitStatistic.options.map(({ value, label }) => (
          <option key={value} value={value}>
            {value === "auto" ? `${label}: ${words}` : label}
          </option>
        ))}
      </select>
      <label class="field" title={unitsSorted.tip}>
        <input
          type="checkbox"
          checked={unitsSorted.value}
          onChange={(event) => {
            unitsSorted.value = event.currentTarget.checked;
          }}
        />
        sort
      </label>
    </span>
  );
}

/** Ask again when the series has grown or another statistic is wanted; returns what gives the request up. */
function fetchUnits(panel: PanelView, error: Signal<string>): () => void {
  void panel.data.tile.value?.revision;
  const { tag } = panel.layer.series.value;
  const sort = unitsSorted.value ? "value" : "number";
  const query = { run: panel.run, tag, statistic: unitStatistic.value, sort };
  const abort = new AbortController();
  client.slices(query, abort.signal).then(
    (slices) => {
      keepAnswer(panel, slices);
      error.value = "";
    },
    (reason: unknown) => {
      if (!abort.signal.aborted) error.value = reason instanceof Error ? reason.message : String(reason);
    },
  );
  return () => abort.abort();
}

/** Step under a device pixel of the plot; null in a gap. */
function stepAt(panel: PanelView, x: number): number | null {
  const column = panel.pixels.value?.first[x] ?? -1;
  return column < 0 ? null : (panel.shown.value?.columns.lastStep[column] ?? null);
}

function paint(canvas: HTMLCanvasElement, panel: PanelView, answer: Slices | null, height_px: number): void {
  const width = Math.round(plot_px.value * pixelRatio.value);
  const height = Math.round(height_px * pixelRatio.value);
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (context === null || answer === null || width < 1 || height < 1) return;
  const lut = currentLut();
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const rows = answer.values.length;
  for (let x = 0; x < width; x++) {
    const step = stepAt(panel, x);
    const column = step === null ? -1 : unitColumn(answer, step);
    if (column < 0) continue;
    for (let y = 0; y < height; y++) {
      const value = answer.values[Math.floor((y * rows) / height)]?.[column] ?? null;
      const share = valueToShare(value, answer.statistic, answer.range);
      if (share >= 0) pixels[y * width + x] = lut[Math.round(share * 255)]!;
    }
  }
  context.putImageData(image, 0, 0);
}

/** Where the pointer is: from the left, and as a share of the height from the top. */
interface Place {
  readonly x_px: number;
  readonly y: number;
}

function readCell(answer: Slices | null, panel: PanelView, pointer: Place | null): string {
  if (answer === null || pointer === null) return "";
  const row = Math.floor(pointer.y * answer.values.length);
  const step = stepAt(panel, Math.floor(pointer.x_px * pixelRatio.value));
  const column = step === null ? -1 : unitColumn(answer, step);
  const value = answer.values[row]?.[column];
  if (value === undefined) return "";
  const units = unitsOfRow(answer, row);
  const noun = units.length > 1 ? "units" : "unit";
  const steps = nameSteps(answer.first_steps[column]!, answer.last_steps[column]!);
  return `${noun} ${unitsToText(units)}, ${steps}: ${valueToText(value, answer.statistic)}`;
}

function valueToText(value: number | null, statistic: string): string {
  const words = statisticToText(statistic);
  if (value === null) return "no finite value";
  return `${words} ${statistic === "zero_share" ? formatShare(value) : formatValue(value)}`;
}

function statisticToText(statistic: string): string {
  return unitStatistic.options.find(({ value }) => value === statistic)?.label ?? statistic;
}

function unitsToLabel(answer: Slices | null): string {
  if (answer === null) return "loading units …";
  const merged = answer.per_row > 1 ? `, ${answer.per_row} a row` : "";
  const whole = `${formatCounted(answer.slices, "unit")}${merged}`;
  if (answer.range === null) return whole;
  const top = unitsToText(unitsOfRow(answer, 0));
  const [low, high] =
    answer.statistic === "zero_share" ? ["0 %", "100 %"] : answer.range.map((end) => formatValue(end));
  return `${whole}, ${top} on top; ${low} dark, ${high} bright`;
}
