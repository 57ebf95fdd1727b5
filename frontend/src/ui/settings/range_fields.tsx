/** Lowest and highest value of a manual range; what is not a range is said and not taken. */

import { useSignal } from "@preact/signals";
import { interval } from "../../view/settings/codec";
import * as settings from "../../view/settings/settings";
import { chooseRange } from "../../view/settings/zoom";

export function RangeFields({ id }: { readonly id: string }) {
  const [low, high] = settings.manualRange.value;
  const error = useSignal("");
  const texts = useSignal([String(low), String(high)]);
  const set = (at: 0 | 1, text: string) => {
    texts.value = texts.value.map((other, place) => (place === at ? text : other));
    const parsed = interval.parse(texts.value.join(","));
    error.value = parsed === undefined ? "Two numbers, the first below the second." : "";
    if (parsed !== undefined) chooseRange("manual", parsed);
  };
  return (
    <div class="range-fields">
      <label title="Lowest value shown">
        from
        <input
          id={id}
          inputMode="decimal"
          value={texts.value[0]}
          aria-invalid={error.value !== ""}
          onInput={(event) => set(0, event.currentTarget.value.trim())}
        />
      </label>
      <label title="Highest value shown">
        to
        <input
          inputMode="decimal"
          value={texts.value[1]}
          aria-invalid={error.value !== ""}
          onInput={(event) => set(1, event.currentTarget.value.trim())}
        />
      </label>
      <span class="field-error" role="status">
        {error}
      </span>
    </div>
  );
}
