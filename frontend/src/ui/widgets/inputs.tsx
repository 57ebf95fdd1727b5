/** The controls of the settings pane and of menus that the toolbar has none of. */

import type { ComponentChildren } from "preact";

interface CheckProps {
  readonly label: ComponentChildren;
  readonly tip: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

export function Check({ label, tip, checked, onChange }: CheckProps) {
  return (
    <label class="check" title={tip}>
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}

interface SliderProps {
  readonly id: string;
  readonly label: string;
  readonly tip: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** What is chosen, in words. */
  readonly text: string;
  readonly onInput: (value: number) => void;
  readonly onReset?: () => void;
}

export function Slider(props: SliderProps) {
  return (
    <label class="slider" title={props.tip}>
      <span class="field-name">{props.label}</span>
      <input
        id={props.id}
        type="range"
        min={props.min}
        max={props.max}
        step={props.step}
        value={props.value}
        aria-valuetext={props.text}
        onInput={(event) => props.onInput(Number(event.currentTarget.value))}
        onDblClick={props.onReset}
      />
      <output>{props.text}</output>
    </label>
  );
}
