/** The whole time axis with the shown part on it, to be moved and stretched. */

import { useRef } from "preact/hooks";
import { frame, name_px, narrow, RIGHT_PX, slice_px, Y_AXIS_PX } from "../../view/layout/metrics";
import { fullAxis, sharedLiveAxis } from "../../view/panel/known_panels";
import { leastShare, moveAll } from "../../view/screen/zooming";
import * as settings from "../../view/settings/settings";
import { clearZoom } from "../../view/settings/zoom";
import { dragHandle } from "../input/handle_drag";
import { box } from "../widgets/box";

type Grip = "from" | "to" | "both";
type AxisEnds = readonly [start: number, end: number];

const KEY_STEP = 0.02;

export function Minimap() {
  const track = useRef<HTMLDivElement>(null);
  const full = fullAxis.value;
  const [from, to] = shownEnds();
  const left_px = name_px.value + Y_AXIS_PX;
  const beside_px = narrow.value || settings.transposed.value ? 0 : slice_px.value;
  const width_px = frame.value.width_px - left_px - beside_px - RIGHT_PX;

  /** From where the shown part was at first; each end stops at the other. */
  const move = (grip: Grip, [start, end]: AxisEnds, by: number) => {
    const axis = fullAxis.peek();
    const room = Math.max(0, end - start - leastShare(axis));
    const inside = Math.max(grip === "to" ? -room : -start, Math.min(grip === "from" ? room : 1 - end, by));
    moveAll(
      axis.shareToUnit(grip === "to" ? start : start + inside),
      axis.shareToUnit(grip === "from" ? end : end + inside),
    );
  };

  const drag = (grip: Grip) => (event: PointerEvent) => {
    const size_px = track.current?.clientWidth ?? 1;
    const ends = shownEnds();
    dragHandle(
      event,
      (moved) => move(grip, ends, (moved.clientX - event.clientX) / size_px),
      () => moveAll(full.shareToUnit(ends[0]), full.shareToUnit(ends[1])),
    );
  };

  const keys = (grip: Grip) => (event: KeyboardEvent) => {
    const sign = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (sign === 0) return;
    move(grip, shownEnds(), sign * KEY_STEP);
    event.preventDefault();
    event.stopPropagation();
  };

  const handle = (grip: "from" | "to", share: number, name: string) => (
    <div
      class="handle"
      style={{ left: `${share * 100}%` }}
      role="slider"
      tabIndex={0}
      title={name}
      aria-label={name}
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
        onDblClick={clearZoom}
      />
      {handle("from", from, "Where the shown part begins")}
      {handle("to", to, "Where the shown part ends")}
    </div>
  );
}

/** Of the whole time axis, as shares. */
function shownEnds(): AxisEnds {
  const { lo, hi } = sharedLiveAxis.value;
  const [from, to] = [lo, hi].map((unit) => Math.min(1, Math.max(0, fullAxis.value.unitToShare(unit))));
  return [from ?? 0, to ?? 1];
}
