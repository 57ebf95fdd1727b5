/** The ends of the colour scale, typed in. */

import { useSignal } from "@preact/signals";
import { isPercent } from "../../math/normalise";
import { seriesId } from "../../series/series_id";
import { OPEN, ownLimits, scaleOwner, setLimits } from "../../view/panel/contrast";
import * as selection from "../../view/selection/selection";
import { limits as limitsCodec } from "../../view/settings/codec";
import * as settings from "../../view/settings/settings";
import { Select } from "../widgets/controls";
import { resetName } from "./offers";

const UNITS = { share: "%", peak: "%", count: "values", density: "per unit" } as const;

/** Ends of the colours, typed for all layers or for one, as its colour bar sets them; its own go before. */
export function ColourLimits({ id }: { readonly id: string }) {
  const chosen = useSignal("");
  const layers = selection.layers.value.map((series) => ({ value: seriesId(series), label: series.layer }));
  const options = [{ value: "", label: "of all layers" }, ...layers];
  // Where all layers share a scale there are no others to type.
  const owner = options.some(({ value }) => value === chosen.value) ? scaleOwner(chosen.value) : "";
  return (
    <>
      <Select
        id={id}
        label={settings.colourLimits.label}
        tip={settings.colourLimits.tip}
        value={owner}
        options={scaleOwner("a layer") === "" ? options.slice(0, 1) : options}
        onChange={(value) => {
          chosen.value = value;
        }}
      />
      {/* The fields keep what is typed, but not in another unit or for another layer. */}
      <LimitFields key={`${settings.quantity.value} ${owner}`} owner={owner} />
    </>
  );
}

function LimitFields({ owner }: { readonly owner: string }) {
  const quantity = settings.quantity.value;
  const factor = isPercent(quantity) ? 100 : 1;
  const now = ownLimits(owner) ?? OPEN;
  const error = useSignal("");
  const typed = useSignal<readonly [string, string] | null>(null);
  const texts =
    typed.value ?? (now.map((end) => (end === null ? "" : shown(end * factor))) as [string, string]);
  const set = (at: 0 | 1, text: string) => {
    typed.value = at === 0 ? [text, texts[1]] : [texts[0], text];
    const parsed = limitsCodec.parse(typed.value.join(","));
    const bad = parsed === undefined || parsed.some((end) => end !== null && end < 0);
    error.value = bad ? "Numbers from 0 up, the first below the second; empty: as the cells have it." : "";
    if (!bad) setLimits(owner, [scaled(parsed[0], factor), scaled(parsed[1], factor)]);
  };
  const field = (at: 0 | 1) => (
    <label
      title={`${at === 0 ? "Cells up to this have the lowest" : "Cells from this on have the highest"} colour`}
    >
      {at === 0 ? "from" : "to"}
      <input
        inputMode="decimal"
        placeholder="auto"
        value={texts[at]}
        aria-invalid={error.value !== ""}
        onInput={(event) => set(at, event.currentTarget.value.trim())}
        onBlur={() => {
          if (error.peek() === "") typed.value = null;
        }}
      />
    </label>
  );
  return (
    <div class="range-fields limit-fields">
      {field(0)}
      {field(1)}
      <span class="count">{UNITS[quantity]}</span>
      <span class="field-error" role="status">
        {error}
      </span>
      {settings.colourLimits.value.size === 0 ? null : (
        <button
          type="button"
          class="button text"
          title="Takes away all limits of colours, also those of single layers and of other units"
          onClick={() => {
            typed.value = null;
            error.value = "";
            settings.colourLimits.reset();
          }}
        >
          {resetName(settings.colourLimits)}
        </button>
      )}
    </div>
  );
}

function scaled(end: number | null, factor: number): number | null {
  return end === null ? null : end / factor;
}

function shown(value: number): string {
  return String(Number(value.toPrecision(6)));
}
