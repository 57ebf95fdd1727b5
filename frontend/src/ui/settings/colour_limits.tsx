/** The ends of the colour scale, typed in. */

import { useSignal } from "@preact/signals";
import { isPercent } from "../../math/normalise";
import { seriesId } from "../../series/series_id";
import { OPEN, ownLimits, scaleOwner, setLimits } from "../../view/panel/contrast";
import * as selection from "../../view/selection/selection";
import { type Limits, limits } from "../../view/settings/codec";
import { colourLimits, quantity } from "../../view/settings/settings";
import { Select } from "../widgets/controls";
import { resetName } from "./offers";
import { EndFields } from "./range_fields";

const UNITS = { share: "%", peak: "%", count: "values", density: "per unit" } as const;

/** Ends of the colours, typed for all layers or for one, as its colour bar sets them; its own go before. */
export function ColourLimits({ id }: { readonly id: string }) {
  const chosen = useSignal("");
  const resets = useSignal(0);
  const layers = selection.layers.value.map((series) => ({ value: seriesId(series), label: series.layer }));
  const options = [{ value: "", label: "of all layers" }, ...layers];
  // Where all layers share a scale there are no others to type.
  const owner = options.some(({ value }) => value === chosen.value) ? scaleOwner(chosen.value) : "";
  return (
    <>
      <Select
        id={id}
        label={colourLimits.label}
        tip={colourLimits.tip}
        value={owner}
        options={scaleOwner("a layer") === "" ? options.slice(0, 1) : options}
        onChange={(value) => {
          chosen.value = value;
        }}
      />
      {/* The fields keep what is typed, but not in another unit, for another layer or after a reset. */}
      <LimitFields
        key={`${quantity.value} ${owner} ${resets.value}`}
        owner={owner}
        onReset={() => {
          resets.value++;
        }}
      />
    </>
  );
}

interface Props {
  readonly owner: string;
  readonly onReset: () => void;
}

function LimitFields({ owner, onReset }: Props) {
  const factor = isPercent(quantity.value) ? 100 : 1;
  const ends = ownLimits(owner) ?? OPEN;
  return (
    <EndFields
      ends={ends.map((end) => (end === null ? "" : String(Number((end * factor).toPrecision(6)))))}
      tips={["Cells up to this have the lowest colour", "Cells from this on have the highest colour"]}
      parse={parseLimits}
      complaint="Two numbers from 0 up, the first below the second; leave a field empty to use the cells' own limit."
      take={([lo, hi]) => setLimits(owner, [scaled(lo, factor), scaled(hi, factor)])}
      unit={UNITS[quantity.value]}
    >
      {colourLimits.value.size === 0 ? null : (
        <button
          type="button"
          class="button text"
          title="Removes all colour limits, including those of single layers and of other units"
          onClick={() => {
            colourLimits.reset();
            onReset();
          }}
        >
          {resetName(colourLimits)}
        </button>
      )}
    </EndFields>
  );
}

function parseLimits(text: string): Limits | undefined {
  const parsed = limits.parse(text);
  return parsed?.some((end) => end !== null && end < 0) ? undefined : parsed;
}

function scaled(end: number | null, factor: number): number | null {
  return end === null ? null : end / factor;
}
