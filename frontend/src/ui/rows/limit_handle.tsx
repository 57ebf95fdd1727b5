/** One end of the colours, to be moved along the colour bar. */

import type { Signal } from "@preact/signals";
import { type ColourScale, formatEnd, quantityToShare, shareToQuantity } from "../../math/normalise";
import { limitsOf, ownLimits, setLimits } from "../../view/panel/contrast";
import type { Limits } from "../../view/settings/codec";
import * as settings from "../../view/settings/settings";
import { dragHandle } from "../input/handle_drag";

interface Props {
  readonly end: 0 | 1;
  readonly layer: string;
  readonly bar: ColourScale;
  readonly scale: ColourScale;
  readonly owner: string;
  readonly held: Signal<ColourScale | null>;
}

const KEY_STEP = 0.02;
/** The ends stay this part of the bar apart. */
const LEAST_APART = 0.02;
/** Finer than a colour. */
const DIGITS = 4;

export function LimitHandle({ end, layer, bar, scale, owner, held }: Props) {
  const share = quantityToShare(bar, end === 0 ? scale.lo : scale.hi);
  const other = quantityToShare(bar, end === 0 ? scale.hi : scale.lo);
  const name = end === 0 ? "Lowest colour up to here" : "Highest colour from here on";

  const move = (wanted: number) => {
    const place =
      end === 0
        ? Math.max(0, Math.min(wanted, other - LEAST_APART))
        : Math.min(1, Math.max(wanted, other + LEAST_APART));
    setLimits(owner, withEnd(limitsOf(owner), end, limitAt(bar, end, place)));
  };

  const onPointerDown = (event: PointerEvent) => {
    const track = (event.currentTarget as HTMLElement).parentElement?.getBoundingClientRect();
    if (track === undefined || event.button !== 0) return;
    const off_px = event.clientX - track.left - share * track.width;
    const before = ownLimits(owner);
    held.value = bar;
    dragHandle(
      event,
      (moved) => move((moved.clientX - off_px - track.left) / track.width),
      () => setLimits(owner, before),
      () => {
        held.value = null;
      },
    );
    event.preventDefault();
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.shiftKey ? 5 * KEY_STEP : KEY_STEP;
    if (event.key === "ArrowLeft" || event.key === "ArrowDown") move(share - step);
    else if (event.key === "ArrowRight" || event.key === "ArrowUp") move(share + step);
    else if (event.key === "Home") move(0);
    else if (event.key === "End") move(1);
    else if (event.key === "Delete" || event.key === "Backspace") setLimits(owner, undefined);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div
      class="handle limit"
      style={{ left: `${share * 100}%` }}
      role="slider"
      tabIndex={0}
      title={`${name}: drag, or arrow keys; double-click or Delete removes the limits`}
      aria-label={`${name}, ${layer}`}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share * 100)}
      aria-valuetext={formatEnd(scale.quantity, end === 0 ? scale.lo : scale.hi)}
      onPointerDown={onPointerDown}
      onKeyDown={onKeyDown}
      onDblClick={() => setLimits(owner, undefined)}
    />
  );
}

/** null: as the data has it, which the ends of a bar over all cells are. */
function limitAt(bar: ColourScale, end: 0 | 1, share: number): number | null {
  if (settings.contrast.peek() === "full" && share === end) return null;
  return Number(shareToQuantity(bar, share).toPrecision(DIGITS));
}

function withEnd([lo, hi]: Limits, end: 0 | 1, value: number | null): Limits {
  return end === 0 ? [value, hi] : [lo, value];
}
