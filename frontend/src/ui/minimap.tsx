/** The whole time axis with the shown part on it, to be moved and stretched. */

import { useRef } from "preact/hooks";
import { AXIS_PX, frame, name_px, narrow, RIGHT_PX, slice_px } from "../state/metrics";
import { fullAxis, sharedLiveAxis } from "../state/panels";
import * as settings from "../state/settings";
import { resetZoom } from "../state/view";
import { moveShared } from "../state/zooming";
import { box } from "./box";

type Grip = "from" | "to" | "both";

const KEY_STEP = 0.02;

export function Minimap() {
  const track = useRef<HTMLDivElement>(null);
  const full = fullAxis.value;
  const now = sharedLiveAxis.value;
  const from = clamp(full.unitToShare(now.lo));
  const to = clamp(full.unitToShare(now.hi));
  const left_px = name_px.value + AXIS_PX;
  const beside_px = narrow.value || settings.transposed.value ? 0 : slice_px.value;
  const width_px = frame.value.width_px - left_px - beside_px - RIGHT_PX;

  const move = (grip: Grip, by: number) => {
    const axis = fullAxis.peek();
    const shown = sharedLiveAxis.peek();
    let start = clamp(axis.unitToShare(shown.lo)) + (grip === "to" ? 0 : by);
    let end = clamp(axis.unitToShare(shown.hi)) + (grip === "from" ? 0 : by);
    if (grip === "both") {
      const over = Math.max(0, end - 1) + Math.min(0, start);
      start -= over;
      end -= over;
    }
    moveShared(axis.shareToUnit(clamp(start)), axis.shareToUnit(clamp(end)));
  };

  const drag = (grip: Grip) => (event: PointerEvent) => {
    const element = event.currentTarget as HTMLElement;
    const size_px = track.current?.clientWidth ?? 1;
    let last_px = event.clientX;
    element.setPointerCapture(event.pointerId);
    element.onpointermove = (moved) => {
      move(grip, (moved.clientX - last_px) / size_px);
      last_px = moved.clientX;
    };
    element.onpointerup = () => {
      element.onpointermove = null;
      element.onpointerup = null;
    };
    event.stopPropagation();
  };

  const keys = (grip: Grip) => (event: KeyboardEvent) => {
    const sign = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (sign === 0) return;
    move(grip, sign * KEY_STEP);
    event.preventDefault();
    event.stopPropagation();
  };

  const handle = (grip: "from" | "to", share: number) => (
    <div
      class="handle"
      style={{ left: `${share * 100}%` }}
      role="slider"
      tabIndex={0}
      title={grip === "from" ? "Where the shown part begins" : "Where the shown part ends"}
      aria-label={grip === "from" ? "Where the shown part begins" : "Where the shown part ends"}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share * 100)}
      aria-valuetext={full.format(full.shareToUnit(share))}
      onPointerDown={drag(grip)}
      onKeyDown={keys(grip)}
    />
  );

  return (
    <div class="minimap" ref={track} style={box({ left: left_px, width: Math.max(60, width_px) })}>
      {/** biome-ignore lint/a11y/noStaticElementInteractions: the handles do the same by keyboard. */}
      <div
        class="window"
        title="The shown part of the time axis: drag it, or its ends; double-click shows everything"
        style={{ left: `${from * 100}%`, width: `${(to - from) * 100}%` }}
        onPointerDown={drag("both")}
        onDblClick={resetZoom}
      />
      {handle("from", from)}
      {handle("to", to)}
    </div>
  );
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
