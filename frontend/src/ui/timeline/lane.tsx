/** The timeline of the training: findings, loss and learning rate, changes of the layers; drag it to zoom. */

import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { formatCounted, nameSteps } from "../../math/format";
import { openFinding } from "../../view/findings/explained";
import { fullAxis } from "../../view/panel/known_panels";
import {
  laneReadout,
  laneSummary,
  type PlacedFinding,
  placedFindings,
  startLane,
} from "../../view/profile/lane";
import { keepDrawn } from "../../view/reactive/draw_queue";
import { pinAt } from "../../view/screen/pin";
import { moveAll } from "../../view/screen/zooming";
import { pinned } from "../../view/settings/settings";
import { clearZoom, cursor, liveX } from "../../view/settings/zoom";
import { CLICK_PX } from "../input/brush_axes";
import { dragHandle } from "../input/handle_drag";
import { box } from "../widgets/box";
import { startAxisDrags } from "./axis_drag";
import { paintLane } from "./lane_painter";
import { dragEnds, shownEnds } from "./window";

const DOUBLE_CLICK_MS = 500;

interface Props {
  readonly width_px: number;
}

/** A part of the lane, as shares of it. */
type Part = readonly [from: number, to: number];

export function TimelineLane({ width_px }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const brushed = useSignal<Part | null>(null);
  const hovered = useSignal<number | null>(null);
  const clicked = useRef({ at_ms: 0, pinBefore: null as number | null });
  useEffect(startLane, []);
  useEffect(startAxisDrags, []);
  // The width is no signal.
  useEffect(() => keepDrawn(canvas, () => paintLane(canvas.current, width_px)), [width_px]);
  const summary = useComputed(laneSummary);

  const shareOf = (event: PointerEvent) => {
    const left_px = canvas.current?.getBoundingClientRect().left ?? 0;
    return Math.min(1, Math.max(0, (event.clientX - left_px) / width_px));
  };
  const pin = (share: number) => {
    const at_ms = Date.now();
    const again = at_ms - clicked.current.at_ms < DOUBLE_CLICK_MS;
    clicked.current = { at_ms, pinBefore: again ? clicked.current.pinBefore : pinned.peek() };
    pinAt(fullAxis.peek().fractionToUnit(share));
  };
  const press = (event: PointerEvent) => {
    if (event.button !== 0) return;
    const from = shareOf(event);
    const [start, end] = shownEnds();
    const moves = liveX.peek().has("") && from > start && from < end;
    if (moves) moveWindow(event, width_px, () => pin(from));
    else brush(event, from);
  };
  const brush = (event: PointerEvent, from: number) => {
    let given_up = false;
    dragHandle(
      event,
      (moved) => {
        const to = shareOf(moved);
        const far = brushed.peek() !== null || Math.abs(to - from) * width_px >= CLICK_PX;
        if (far) brushed.value = [Math.min(from, to), Math.max(from, to)];
      },
      () => {
        given_up = true;
      },
      () => {
        const part = brushed.peek();
        brushed.value = null;
        if (given_up) return;
        if (part === null) pin(from);
        else moveAll(...toUnits(part));
      },
    );
  };

  return (
    <>
      {/** biome-ignore lint/a11y/noStaticElementInteractions: handles, keys and the field of steps do the same. */}
      <div
        class="lane"
        onPointerDown={press}
        onPointerMove={(event) => {
          hovered.value = shareOf(event);
        }}
        onPointerLeave={() => {
          hovered.value = null;
        }}
        onDblClick={() => {
          // The clicks that made it a double click were not meant to pin.
          pinAt(clicked.current.pinBefore);
          clearZoom();
        }}
      >
        <canvas ref={canvas} role="img" aria-label={summary} />
        <Line unit={useComputed(() => cursor.value?.unit ?? null)} kind="" />
        <Line unit={pinned} kind=" pinned" />
        <Brush part={brushed} />
      </div>
      <FindingButtons width_px={width_px} />
      <Readout share={hovered} width_px={width_px} />
    </>
  );
}

function toUnits([from, to]: Part): [number, number] {
  const axis = fullAxis.peek();
  return [axis.fractionToUnit(from), axis.fractionToUnit(to)];
}

/** A press without a movement is a click. */
function moveWindow(event: PointerEvent, width_px: number, clicked: () => void): void {
  const before = shownEnds();
  dragEnds(event, "both", width_px, () => {
    const after = shownEnds();
    if (before[0] === after[0] && before[1] === after[1]) clicked();
  });
}

interface LineProps {
  readonly unit: { readonly value: number | null };
  readonly kind: string;
}

/** A place in time, over the whole height. */
function Line({ unit, kind }: LineProps) {
  const style = useComputed(() => {
    const share = unit.value === null ? -1 : fullAxis.value.unitToFraction(unit.value);
    return share < 0 || share > 1 ? "visibility:hidden" : `left:${(100 * share).toFixed(2)}%`;
  });
  return <div class={`lane-line${kind}`} style={style} />;
}

function Brush({ part }: { readonly part: { readonly value: Part | null } }) {
  if (part.value === null) return null;
  const [from, to] = part.value;
  return <div class="brush" style={{ left: `${100 * from}%`, width: `${100 * (to - from)}%` }} />;
}

function Readout({
  share,
  width_px,
}: {
  readonly share: { readonly value: number | null };
  readonly width_px: number;
}) {
  if (share.value === null) return null;
  const x_px = share.value * width_px;
  const side = x_px > width_px / 2 ? { right: width_px - x_px + 12 } : { left: x_px + 12 };
  const lines = laneReadout(fullAxis.value.fractionToUnit(share.value), width_px);
  return (
    <div class="lane-tip" style={box(side)} aria-hidden="true">
      {lines.map((line, at) => (
        <div key={line} class={at === 0 ? "first" : ""}>
          {line}
        </div>
      ))}
    </div>
  );
}

/** Room for a finger or an unsteady hand. */
const TARGET_PX = 24;

/** Each mark can be clicked; those closer than a finger are one target, which opens the one nearest to the pointer. */
function FindingButtons({ width_px }: Props) {
  const placed = placedFindings.value;
  const groups = useMemo(() => groupFindings(placed, width_px), [placed, width_px]);
  return (
    <>
      {groups.map((group) => {
        const [worst] = group;
        if (worst === undefined) return null;
        const text = group.length > 1 ? `${formatCounted(group.length, "finding")}, the worst: ` : "";
        const { title, run, first_step, last_step } = worst.finding;
        return (
          <button
            key={`${run} ${title} ${first_step}`}
            type="button"
            class="lane-finding"
            style={box({
              left: Math.min(width_px - TARGET_PX, Math.max(0, worst.from * width_px - TARGET_PX / 2)),
            })}
            title={`${text}${title} (${run}, ${nameSteps(first_step, last_step)})`}
            onClick={(event) => {
              const left_px = event.currentTarget.parentElement?.getBoundingClientRect().left ?? 0;
              const share = (event.clientX - left_px) / width_px;
              // A key has no place.
              openFinding((event.detail === 0 ? worst : nearest(group, share)).finding);
            }}
          />
        );
      })}
    </>
  );
}

function groupFindings(placed: readonly PlacedFinding[], width_px: number): readonly PlacedFinding[][] {
  const groups: PlacedFinding[][] = [];
  for (const one of [...placed].sort((a, b) => a.from - b.from)) {
    const last = groups.at(-1);
    const first = last?.[0];
    if (last && first && (one.from - first.from) * width_px < TARGET_PX) last.push(one);
    else groups.push([one]);
  }
  // Placed findings come most severe first.
  return groups.map((group) => group.sort((a, b) => placed.indexOf(a) - placed.indexOf(b)));
}

function nearest(group: readonly PlacedFinding[], share: number): PlacedFinding {
  return group.reduce((best, one) => (Math.abs(one.from - share) < Math.abs(best.from - share) ? one : best));
}
