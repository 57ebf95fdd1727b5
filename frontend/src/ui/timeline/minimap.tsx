/** The whole time axis with the shown part on it, to be stretched; what else it shows and does comes later. */

import { frame, name_px, narrow, RIGHT_PX, short, slice_px, Y_AXIS_PX } from "../../view/layout/metrics";
import { fullAxis } from "../../view/panel/known_panels";
import { isTransposed } from "../../view/selection/selection";
import { liveX } from "../../view/settings/zoom";
import { later } from "../overlays/later";
import { box } from "../widgets/box";
import { dragEnds, moveEnds, shownEnds } from "./window";

const KEY_STEP = 0.02;

const LateLane = later("TimelineLane");
const LateTools = later("TimelineTools");
const LateStepField = later("StepField");

/** Of the step field, where nothing below it says how wide. */
const STEP_FIELD_PX = 140;

export function Minimap() {
  const full = fullAxis.value;
  const [from, to] = shownEnds();
  const left_px = name_px.value + Y_AXIS_PX;
  const slices_px = isTransposed.value ? 0 : slice_px.value;
  const beside_px = narrow.value ? 0 : slices_px || STEP_FIELD_PX;
  const width_px = Math.max(60, frame.value.width_px - left_px - beside_px - RIGHT_PX);

  const keys = (grip: "from" | "to") => (event: KeyboardEvent) => {
    const sign = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (sign === 0) return;
    moveEnds(grip, shownEnds(), sign * KEY_STEP);
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
      aria-valuetext={full.format(full.fractionToUnit(share))}
      onPointerDown={(event) => dragEnds(event, grip, width_px)}
      onKeyDown={keys(grip)}
    />
  );

  return (
    <div class={`minimap-bar${narrow.value ? " narrow" : ""}${short.value ? " short" : ""}`}>
      <div class="minimap-tools" style={narrow.value ? "" : box({ width: left_px })}>
        <LateTools />
        {narrow.value ? <LateStepField /> : null}
      </div>
      {narrow.value ? null : (
        <div class="minimap-tools beside" style={box({ left: left_px + width_px + RIGHT_PX })}>
          <LateStepField />
        </div>
      )}
      <div class="minimap" style={box({ left: left_px, width: width_px })}>
        <LateLane width_px={width_px} />
        {liveX.value.has("") ? (
          <div class="window" style={{ left: `${from * 100}%`, width: `${(to - from) * 100}%` }} />
        ) : null}
        {handle("from", from, "Where the shown part begins")}
        {handle("to", to, "Where the shown part ends")}
      </div>
    </div>
  );
}
