/** The settings of colours, with the ends of the colour scale typed in. */

import { useSignal } from "@preact/signals";
import { COLORMAPS, type ColormapName } from "../draw/colormap";
import { isPercent } from "../math/normalise";
import { limits as limitsCodec } from "../state/codec";
import { limitedOwners, OPEN, ownLimits, setLimits } from "../state/contrast";
import * as settings from "../state/settings";
import { Check, Select, toOptions } from "./controls";
import { CONTRASTS, SCOPES } from "./options";

export function ColourSettings() {
  return (
    <section>
      <h3>Colours</h3>
      <Select
        label="Same scale"
        tip="Which panels share one colour scale"
        value={settings.scope.value}
        options={SCOPES}
        onChange={(value) => {
          settings.scope.value = value;
        }}
      />
      <Select<ColormapName>
        label="Map"
        tip="Cividis looks alike with and without colour-vision deficiency"
        value={settings.colormap.value}
        options={toOptions(COLORMAPS)}
        onChange={(value) => {
          settings.colormap.value = value;
        }}
      />
      <Select
        label="Contrast"
        tip="Auto leaves 0.5 % of the occupied cells at either end of the scale in the end colours: from percentile 0.5 to 99.5"
        value={settings.contrast.value}
        options={CONTRASTS}
        onChange={(value) => {
          settings.contrast.value = value;
        }}
      />
      {/* The fields keep what is typed, but not in another unit. */}
      <LimitFields key={settings.quantity.value} />
      <Check
        label="Colour empty cells"
        tip="Paint cells without any value in the lowest colour; else they are left as background"
        checked={settings.emptyColoured.value}
        onChange={(checked) => {
          settings.emptyColoured.value = checked;
        }}
      />
    </section>
  );
}

const UNITS = { share: "%", peak: "%", count: "values", density: "per unit" } as const;

/** Ends of the colours of all layers; a layer's own, set at its colour bar, go before. */
function LimitFields() {
  const quantity = settings.quantity.value;
  const factor = isPercent(quantity) ? 100 : 1;
  const now = ownLimits("") ?? OPEN;
  const error = useSignal("");
  const typed = useSignal<readonly [string, string] | null>(null);
  const texts =
    typed.value ?? (now.map((end) => (end === null ? "" : shown(end * factor))) as [string, string]);
  const set = (at: 0 | 1, text: string) => {
    typed.value = at === 0 ? [text, texts[1]] : [texts[0], text];
    const parsed = limitsCodec.parse(typed.value.join(","));
    const bad = parsed === undefined || parsed.some((end) => end !== null && end < 0);
    error.value = bad ? "Numbers from 0 up, the first below the second; empty: as the cells have it." : "";
    if (!bad) setLimits("", [scaled(parsed[0], factor), scaled(parsed[1], factor)]);
  };
  const layers = limitedOwners().filter((owner) => owner !== "").length;
  const field = (at: 0 | 1) => (
    <label
      title={`${at === 0 ? "Cells up to this have the lowest" : "Cells from this on have the highest"} colour, in all layers`}
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
      {limitedOwners().length === 0 ? null : (
        <button
          type="button"
          class="button text"
          title="Take away all limits of colours, these and those set at the colour bars of layers"
          onClick={() => {
            typed.value = null;
            error.value = "";
            settings.colourLimits.reset();
          }}
        >
          {layers === 0
            ? "Reset limits"
            : `Reset limits (${layers} ${layers === 1 ? "layer has" : "layers have"} their own)`}
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
