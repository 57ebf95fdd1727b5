/** The controls of the toolbar and of the rows: one look, always with a name and a tooltip. */

import { type Signal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";
import { Icon, type IconName } from "./icons";

interface SelectProps<T extends string | number> {
  readonly id?: string;
  readonly label: string;
  readonly tip: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly onChange: (value: T) => void;
  readonly disabled?: boolean;
}

/** A named choice; the name stands before it. */
export function Select<T extends string | number>(props: SelectProps<T>) {
  const { id, label, tip, value, options, onChange, disabled } = props;
  const change = (event: { readonly currentTarget: HTMLSelectElement }) => {
    const chosen = options[event.currentTarget.selectedIndex];
    if (chosen) onChange(chosen.value);
  };
  return (
    <label class="field" title={tip}>
      <span class="field-name">{label}</span>
      <select id={id} value={value} onChange={change} disabled={disabled}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  );
}

interface ButtonProps {
  readonly icon: IconName;
  readonly tip: string;
  /** For who listens, where the same tooltip is at several buttons. */
  readonly name?: string;
  readonly onClick: (event: MouseEvent) => void;
  readonly pressed?: boolean | undefined;
  readonly disabled?: boolean;
  readonly text?: string | undefined;
  readonly badge?: string;
}

export function IconButton({ icon, tip, name = tip, onClick, pressed, disabled, text, badge }: ButtonProps) {
  return (
    <button
      type="button"
      class={text ? "button" : "button icon-only"}
      title={tip}
      aria-label={text ? undefined : name}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} />
      {text ? <span>{text}</span> : null}
      {badge ? <span class="count">{badge}</span> : null}
    </button>
  );
}

interface MenuProps {
  /** For others that open it. */
  readonly id?: string;
  /** Without one the button is plain text. */
  readonly icon?: IconName;
  readonly text?: string;
  readonly tip: string;
  /** For who listens, where the same tooltip or text is at several menus. */
  readonly name?: string;
  readonly badge?: string;
  readonly children: ComponentChildren;
  readonly open?: Signal<boolean>;
}

/** A button that opens a panel over the page; Esc or a click elsewhere closes it. */
export function Menu({ id = useId(), icon, text, tip, name, badge, children, open }: MenuProps) {
  const button = useRef<HTMLButtonElement>(null);
  const shown = useSignal(false);
  const place = (event: { readonly newState: string; readonly currentTarget: HTMLElement }) => {
    shown.value = event.newState === "open";
    if (open) open.value = shown.value;
    const panel = event.currentTarget;
    const anchor = button.current?.getBoundingClientRect();
    if (event.newState !== "open" || !anchor) return;
    const right = document.documentElement.clientWidth - anchor.right;
    const up = anchor.top > window.innerHeight / 2;
    panel.style.top = up ? "auto" : `${anchor.bottom + 4}px`;
    panel.style.bottom = up ? `${window.innerHeight - anchor.top + 4}px` : "auto";
    const toLeft = anchor.left > document.documentElement.clientWidth / 2;
    panel.style.left = toLeft ? "auto" : `${Math.max(4, anchor.left)}px`;
    panel.style.right = toLeft ? `${Math.max(4, right)}px` : "auto";
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        class={icon && (text || badge ? "button" : "button icon-only")}
        title={tip}
        aria-label={name ?? (text ? undefined : badge ? `${badge}: ${tip}` : tip)}
        aria-haspopup="dialog"
        {...{ popovertarget: id }}
      >
        {icon ? <Icon name={icon} /> : null}
        {text ? <span>{text}</span> : null}
        {badge ? <span class="count">{badge}</span> : null}
      </button>
      <div
        id={id}
        popover="auto"
        class="menu"
        role="dialog"
        aria-label={name ?? text ?? tip}
        onBeforeToggle={place}
      >
        {/* Menus are many, and most are never opened. */}
        {shown.value ? children : null}
      </div>
    </>
  );
}
