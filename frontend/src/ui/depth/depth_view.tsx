/** All layers at one time, in the order of execution: vanishing, exploding and growing values in one picture. */

import { computed, useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { formatShare, formatValue } from "../../math/format";
import type { RunAnswer } from "../../series/types";
import { dark } from "../../view/catalog/catalog";
import { frame, pixelRatio, Y_AXIS_PX } from "../../view/layout/metrics";
import {
  allDepthLayers,
  chartKinds,
  type DepthRun,
  depthError,
  depthLayers,
  depthPlaces,
  depthRuns,
  followedPlace,
  type Sizes,
  sizeExtent,
  startDepth,
  timeToText,
} from "../../view/profile/depth";
import { showLayer } from "../../view/screen/reveal";
import { runColour, shortRunNames, shownRuns } from "../../view/selection/selection";
import { depthPlace } from "../../view/settings/settings";
import { useFrame } from "../input/frame_size";
import { box } from "../widgets/box";
import { Select } from "../widgets/controls";
import { CutName } from "../widgets/cut_name";
import { type DepthChart, layerAt, layerLeft_px, paintDepth } from "./depth_painter";

const NAME_EVERY_PX = 13;
/** Time, choice of layers and margins, where they take one line. */
const HEAD_PX = 50;
const TITLE_PX = 24;
const LEAST_CHART_PX = 120;
/** More layers than fit are scrolled to. */
const LEAST_LAYER_PX = 3;

/** What each chart shows. */
const runsByKind = computed(() => new Map(chartKinds.value.map((kind) => [kind, depthRuns(kind)])));

export function DepthView() {
  const scroller = useRef<HTMLElement>(null);
  const marked = useSignal(-1);
  useEffect(startDepth, []);
  useFrame(scroller);
  const kinds = chartKinds.value;
  const time = useComputed(timeToText).value;
  const lines = useComputed(() => readLayer(marked.value)).value;
  const count = depthLayers.value.length;
  const width_px = Math.max(frame.value.width_px - 20, Y_AXIS_PX + count * LEAST_LAYER_PX);
  const { height_px: names_px } = placeNames(width_px);
  const each_px = (frame.value.height_px - names_px - HEAD_PX) / Math.max(1, kinds.length) - TITLE_PX;
  const open = (at: number) => {
    const layer = depthLayers.peek()[at];
    if (layer !== undefined) showLayer(layer.series);
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <main ref={scroller} class="depth" tabIndex={0} aria-label="Layers by depth">
      <p class="depth-head">
        <strong>{time || (depthError.value ? "" : "Loading …")}</strong>
        {depthError.value === "" ? null : <span role="alert">{depthError.value}</span>}
        <PlaceSelect />
        <span class="facts-line">
          Bands: 5–95 % and 25–75 % of |x| other than 0; line: root mean square; at the foot: share that is
          exactly 0; red: NaN or infinite.
        </span>
      </p>
      <div
        class="depth-charts"
        style={box({ width: width_px })}
        role="slider"
        tabIndex={0}
        aria-label="Layer"
        aria-valuemin={0}
        aria-valuemax={Math.max(0, count - 1)}
        aria-valuenow={Math.max(0, marked.value)}
        aria-valuetext={lines.join("; ") || "none chosen"}
        onPointerMove={(event) => {
          const left_px = event.currentTarget.getBoundingClientRect().left;
          marked.value = layerAt(event.clientX - left_px, count, width_px);
        }}
        onPointerLeave={() => {
          marked.value = -1;
        }}
        onBlur={() => {
          marked.value = -1;
        }}
        onClick={() => open(marked.value)}
        onKeyDown={(event) => {
          const next = KEYS[event.key]?.(marked.value, count);
          if (event.key === "Enter") open(marked.value);
          else if (next !== undefined) marked.value = Math.min(count - 1, Math.max(0, next));
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      >
        {kinds.map((kind) => (
          <Chart
            key={kind}
            kind={kind}
            marked={marked.value}
            width_px={width_px}
            height_px={Math.max(LEAST_CHART_PX, each_px)}
          />
        ))}
        <Names width_px={width_px} />
        <Readout at={marked.value} lines={lines} width_px={width_px} />
      </div>
    </main>
  );
}

/** Which layers are drawn: of a model of repeated blocks, one place of each is a line that reads well. */
function PlaceSelect() {
  const places = depthPlaces.value;
  if (places.length === 0) return null;
  return (
    <Select
      label="Layers"
      tip={depthPlace.tip}
      value={followedPlace.value?.id ?? "all"}
      options={[
        { value: "all", label: `all ${allDepthLayers.value}` },
        ...places.map(({ id, label, count }) => ({ value: id, label: `${label} of ${count} blocks` })),
      ]}
      onChange={(place) => {
        depthPlace.value = place;
      }}
    />
  );
}

const KEYS: Readonly<Record<string, (at: number, count: number) => number>> = {
  ArrowLeft: (at) => at - 1,
  ArrowRight: (at) => at + 1,
  Home: () => 0,
  End: (_, count) => count - 1,
};

interface ChartProps {
  readonly kind: string;
  readonly marked: number;
  readonly width_px: number;
  readonly height_px: number;
}

/** Repeated blocks have a line for each of their places; without them all layers are on one. */
function linesOfLayers(): readonly string[] {
  return depthLayers.value.map(({ place }) => (depthPlaces.value.length > 0 ? place : ""));
}

function Chart({ kind, marked, width_px, height_px }: ChartProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const runs = useComputed(() => runsByKind.value.get(kind) ?? []);
  const size = useSignal({ marked, width_px, height_px });
  useEffect(() => {
    size.value = { marked, width_px, height_px };
  }, [size, marked, width_px, height_px]);
  useSignalEffect(() => {
    const extent = sizeExtent(kind);
    void dark.value;
    if (canvas.current === null || extent === null) return;
    const chart: DepthChart = {
      ...size.value,
      extent,
      runs: runs.value,
      colours: runs.value.map(({ run }) => runColour(run.at)),
      names: depthLayers.value.map(({ name }) => name),
      lines: linesOfLayers(),
    };
    paintDepth(canvas.current, chart, pixelRatio.value);
  });
  return (
    <section>
      <h2 class="depth-title">
        {kind.replace("_", " ")}
        <span class="depth-run">|x| on a log axis ↑, order of execution →</span>
        {runs.value.map((run) => (
          <Growth key={run.run.name} {...run} />
        ))}
      </h2>
      <canvas
        ref={canvas}
        role="img"
        aria-label={`Sizes of the ${kind.replace("_", " ")} of ${depthLayers.value.length} layers by depth`}
        style={box({ width: width_px, height: height_px })}
      />
    </section>
  );
}

/** How the size goes from the first to the last layer that ran: "rms 0.8 → 12 (× 15)". */
function Growth({ run, sizes }: DepthRun) {
  const known = depthLayers.value.flatMap(({ name }) => {
    const { rms, broken } = sizes.get(name)?.figures ?? {};
    return broken ? [] : (rms ?? []);
  });
  const [first, last] = [known[0], known.at(-1)];
  const text =
    first === undefined || last === undefined
      ? "no values"
      : `rms ${formatValue(first)} → ${formatValue(last)}${first > 0 && last > 0 ? ` (× ${formatValue(last / first, 2)})` : ""}`;
  return (
    <span class="depth-run" title={run.name}>
      <span class="swatch" style={{ background: runColour(run.at) }} />
      <CutName name={whose(run, ": ")} />
      {text}
    </span>
  );
}

/** Which of several runs. */
function whose({ name }: RunAnswer, end: string): string {
  return shownRuns.value.length > 1 ? shortRunNames.value.get(name) + end : "";
}

/** Names of layers differ at their ends. */
const NAME_LENGTH = 20;
const LETTER_PX = 5.5;

/** The layers' names, and whether they lie or stand below the charts. */
function placeNames(width_px: number) {
  // What all have in common at the end is said above.
  const common = followedPlace.value === undefined ? "" : `.${followedPlace.value.label}`;
  const names = depthLayers.value.map(({ name }) =>
    common !== "" && name.endsWith(common) ? name.slice(0, -common.length) : name,
  );
  const each_px = layerLeft_px(1, names.length, width_px) - Y_AXIS_PX;
  const longest = Math.min(NAME_LENGTH, Math.max(0, ...names.map((name) => name.length)));
  const lying = longest * LETTER_PX < each_px;
  return { names, each_px, lying, height_px: 14 + (lying ? 0 : longest * LETTER_PX) };
}

/** Below the charts, as many as have room. */
function Names({ width_px }: { readonly width_px: number }) {
  const { names, each_px, lying, height_px } = placeNames(width_px);
  const every = Math.max(1, Math.ceil(NAME_EVERY_PX / each_px));
  return (
    <div class={`depth-names${lying ? " lying" : ""}`} style={box({ height: height_px })} aria-hidden="true">
      {names.map((name, at) =>
        at % every === 0 ? (
          <span
            key={name}
            class="ellipsis"
            style={box({ left: layerLeft_px(at + 0.5, names.length, width_px) })}
          >
            {name.length > NAME_LENGTH ? `…${name.slice(1 - NAME_LENGTH)}` : name}
          </span>
        ) : null,
      )}
    </div>
  );
}

/** The figures of one layer, line by line: its name, then each kind and run. */
function readLayer(at: number): readonly string[] {
  const layer = depthLayers.value[at];
  if (layer === undefined) return [];
  const lines = [...runsByKind.value].flatMap(([kind, runs]) =>
    runs.flatMap(({ run, sizes }) => {
      const found = sizes.get(layer.name);
      if (found === undefined) return [];
      return [`${whose(run, ", ")}${kind.replace("_", " ")}: ${sizesToText(found)}`];
    }),
  );
  return [layer.series.type === "" ? layer.name : `${layer.name} (${layer.series.type})`, ...lines];
}

function sizesToText({ figures }: Sizes): string {
  const { p05, p50, p95, rms, zeros, broken } = figures;
  const number = (value: number | null | undefined) => (typeof value === "number" ? formatValue(value) : "—");
  const parts = [
    `rms ${number(rms)}`,
    `median |x| ${number(p50)} (5–95 %: ${number(p05)} to ${number(p95)})`,
  ];
  if (zeros) parts.push(`${formatShare(zeros)} exactly 0`);
  if (broken) parts.push(`${formatShare(broken)} NaN or infinite`);
  return parts.join(", ");
}

interface ReadoutProps {
  readonly at: number;
  readonly lines: readonly string[];
  readonly width_px: number;
}

function Readout({ at, lines, width_px }: ReadoutProps) {
  if (lines.length === 0) return null;
  const x_px = layerLeft_px(at + 0.5, depthLayers.value.length, width_px);
  const side = x_px > width_px / 2 ? { right: width_px - x_px + 16 } : { left: x_px + 16 };
  return (
    <div class="depth-tip" style={box({ top: TITLE_PX, ...side })} aria-hidden="true">
      {lines.map((line, number) =>
        number === 0 ? <strong key={line}>{line}</strong> : <div key={line}>{line}</div>,
      )}
    </div>
  );
}
