/** What a setting is: a signal with a default, a name, and what the page says and offers of it. */

import { type Signal, signal } from "@preact/signals";
import { type Codec, choices, flag as flagCodec, integer, choice as oneOf, text } from "./codec";

/** Where settings stand together, in the order of the settings pane and of docs/page.md. */
export const GROUPS = [
  "What is shown",
  "Axes and colours",
  "Layers",
  "Value axis",
  "Colours",
  "On the heatmaps",
  "Compare",
  "Beside the heatmaps",
  "Size",
  "Rows, zoom and step",
] as const;
export type Group = (typeof GROUPS)[number];

export interface About {
  /** Its one name: at the control, among the commands, on the sheet of keys and in docs/page.md. */
  readonly label: string;
  /** What it does, as a tooltip. */
  readonly tip: string;
  readonly group: Group;
}

export interface Setting<T> extends Signal<T>, About {
  /** Its key in the URL: the name that settings.ts exports it by. */
  readonly name: string;
  readonly initial: T;
  reset(): void;
  /** Takes what the URL says; undefined stands for the default. */
  read(text: string | undefined): void;
  /** What the URL says; undefined while the setting has its default. */
  write(): string | undefined;
}

export interface Option<T> {
  readonly value: T;
  readonly label: string;
  readonly tip?: string;
}

/** On or off; `shortcut` is the key that switches it. */
export type Flag = Setting<boolean> & { readonly form: "flag"; readonly shortcut?: string };
/** One of some options. */
export type Choice<T extends string | number = string | number> = Setting<T> & {
  readonly form: "choice";
  readonly options: readonly Option<T>[];
};
/** Any of some options; null leaves them to the page. */
export type List<V extends readonly string[] | null = readonly string[] | null> = Setting<V> & {
  readonly form: "list";
  readonly options: readonly Option<string>[];
};
/** A whole number on a slider; 0 leaves it to the page. */
export type Amount = Setting<number> & { readonly form: "amount" } & Slide;
/** Set in a way of its own: typed, dragged, or by a button at a row. */
export type Own<T = unknown> = Setting<T> & { readonly form: "own" };

interface Slide {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

export type AnySetting = Flag | Choice | List | Amount | Own;
export type Value<S> = S extends Setting<infer T> ? T : never;

const all: AnySetting[] = [];
/** Every setting, in the order of settings.ts. */
export const allSettings: readonly AnySetting[] = all;

export function flag(name: string, about: About & { readonly shortcut?: string }, initial = false): Flag {
  return register(Object.assign(setting(name, initial, flagCodec, about), { form: "flag" as const }));
}

interface Offering<T extends string> extends About {
  readonly options: { readonly [V in T]: string };
  readonly tips?: { readonly [V in T]: string };
}

export function choice<T extends string>(name: string, initial: NoInfer<T>, about: Offering<T>): Choice<T> {
  const options = toOptions(about);
  const codec = oneOf(options.map(({ value }) => value));
  return choiceOf<T>(name, initial, codec, about, options);
}

/** One of what the data has; "" leaves it to the page. `options`: labels of those with a name of their own. */
export function choiceOfData(name: string, { options = {}, ...about }: Partial<Offering<string>> & About) {
  return choiceOf(name, "", text, about, toOptions({ ...about, options }));
}

export function choiceOf<T extends string | number>(
  name: string,
  initial: T,
  codec: Codec<T>,
  about: About,
  options: readonly Option<T>[],
): Choice<T> {
  return register(Object.assign(setting(name, initial, codec, about), { form: "choice" as const, options }));
}

/** None at first. */
export function listOf<T extends string>(name: string, about: Offering<T>): List<readonly T[]> {
  const options = toOptions(about);
  const made = setting<readonly T[]>(name, [], choices(options.map(({ value }) => value)), about);
  return register(Object.assign(made, { form: "list" as const, options }));
}

export function listOfData<V extends readonly string[] | null>(
  name: string,
  initial: V,
  codec: Codec<V>,
  about: About,
): List<V> {
  return register(
    Object.assign(setting(name, initial, codec, about), { form: "list" as const, options: [] }),
  );
}

/** `most`: up to this a link may say. */
export function amount(name: string, most: number, { min, max, step, ...about }: About & Slide): Amount {
  const made = setting(name, 0, integer(0, most), about);
  return register(Object.assign(made, { form: "amount" as const, min, max, step }));
}

export function own<T>(name: string, initial: T, codec: Codec<T>, about: About): Own<T> {
  return register(Object.assign(setting(name, initial, codec, about), { form: "own" as const }));
}

function register<S extends AnySetting>(made: S): S {
  all.push(made);
  return made;
}

function toOptions<T extends string>({ options, tips }: Offering<T>): Option<T>[] {
  const values = Object.keys(options) as T[];
  return values.map((value) => ({ value, label: options[value], ...(tips ? { tip: tips[value] } : {}) }));
}

function setting<T>(name: string, initial: T, codec: Codec<T>, about: About): Setting<T> {
  const state = signal(initial);
  const initialText = codec.format(initial);
  return Object.assign(state, about, {
    name,
    initial,
    reset: () => {
      state.value = initial;
    },
    read(given = initialText) {
      const parsed = codec.parse(given);
      if (parsed === undefined) console.info(`activation_hist: ignored ${name}=${given} in the address.`);
      // A link gives the same view wherever it is opened, also where it names what we do not know.
      const value = parsed === undefined ? initial : parsed;
      if (codec.format(state.peek()) !== codec.format(value)) state.value = value;
    },
    write() {
      const now = codec.format(state.value);
      return now === initialText ? undefined : now;
    },
  });
}
