/** Two numbers to type, the lower before the higher; what is not allowed is said and not taken. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { interval } from "../../view/settings/codec";
import { manualRange } from "../../view/settings/settings";
import { chooseRange } from "../../view/settings/zoom";

/** The ends of a manual range of values. */
export function RangeFields({ id }: { readonly id: string }) {
  return (
    <EndFields
      id={id}
      ends={manualRange.value.map(String)}
      tips={["Lowest value shown", "Highest value shown"]}
      parse={interval.parse}
      complaint="Enter two numbers, the first below the second."
      take={(ends) => chooseRange("manual", ends)}
    />
  );
}

interface Props<T> {
  /** Of the first field. */
  readonly id?: string;
  /** What is in force. */
  readonly ends: readonly string[];
  readonly tips: readonly string[];
  /** Both fields, separated by a comma; undefined for what is not allowed. */
  readonly parse: (text: string) => T | undefined;
  readonly complaint: string;
  readonly take: (ends: T) => void;
  /** Of colours, which may be left to the cells. */
  readonly unit?: string;
  readonly children?: ComponentChildren;
}

export function EndFields<T>({ id, ends, tips, parse, complaint, take, unit, children }: Props<T>) {
  // What is typed stays as it is until the field is left.
  const typed = useSignal<readonly string[] | null>(null);
  const bad = useSignal(false);
  const texts = typed.value ?? ends;
  const set = (at: number, text: string) => {
    typed.value = texts.map((other, place) => (place === at ? text : other));
    const parsed = parse(typed.value.join(","));
    bad.value = parsed === undefined;
    if (parsed !== undefined) take(parsed);
  };
  const field = (at: number) => (
    <label title={tips[at]}>
      {at === 0 ? "from" : "to"}
      <input
        {...(at === 0 && id ? { id } : {})}
        inputMode="decimal"
        placeholder={unit && "auto"}
        value={texts[at]}
        aria-invalid={bad.value}
        onInput={(event) => set(at, event.currentTarget.value.trim())}
        onBlur={() => {
          if (!bad.peek()) typed.value = null;
        }}
      />
    </label>
  );
  return (
    <div class={`range-fields${unit ? " limit-fields" : ""}`}>
      {field(0)}
      {field(1)}
      {unit ? <span class="count">{unit}</span> : null}
      <span class="field-error" role="status">
        {bad.value ? complaint : ""}
      </span>
      {children}
    </div>
  );
}
