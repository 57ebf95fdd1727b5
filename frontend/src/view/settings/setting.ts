/** What a setting is: a signal with a default, a name, and what the page says and offers of it. */

import { type Signal, signal } from "@preact/signals";
import { type Codec, choice, choices, flag, text } from "./codec";

/** What stands together in the settings pane; the first is there only where the corner above the names has no room for it. */
export const PANE_GROUPS = [
  "Axes and colours",
  "Layers",
  "Value axis",
  "Colours",
  "On the heatmaps",
  "Beside the heatmaps",
  "Size",
] as const;
/** In the order of docs/page.md. */
export const GROUPS = ["What is shown", "Board", ...PANE_GROUPS, "Compare", "Rows, zoom and step"] as const;
export type Group = (typeof GROUPS)[number];

/** What the page says of a setting. */
export interface SettingTexts {
  /** Its one name: at the control, among the commands, on the sheet of keys and in docs/page.md. */
  readonly label: string;
  /** What it does, as a tooltip. */
  readonly tip: string;
}

export interface Setting<T> extends Signal<T>, SettingTexts {
  readonly group: Group;
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
  readonly tip?: string | undefined;
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
/** A whole number on a slider. */
export type Amount = Setting<number> & { readonly form: "amount" } & Slide;
/** Set in a way of its own: typed, dragged, or by a button at a row. */
export type Own<T = unknown> = Setting<T> & { readonly form: "own" };

interface Slide {
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** What was chosen, in words. */
  show(value: number): string;
}

export type AnySetting = Flag | Choice | List | Amount | Own;
export type Value<S> = S extends Setting<infer T> ? T : never;

const all: AnySetting[] = [];
/** Every setting, by groups. */
export const allSettings: readonly AnySetting[] = all;

export function settingsOf(group: Group): readonly AnySetting[] {
  return all.filter((setting) => setting.group === group);
}

interface Options<T> {
  readonly options: readonly Option<T>[];
}

interface Labels<T extends string> {
  readonly labels: { readonly [V in T]: string };
}

interface Tips<T extends string> {
  readonly tips: { readonly [V in T]: string };
}

/** Declares the settings that stand together. */
export class SettingGroup {
  constructor(private readonly group: Group) {}

  flag(name: string, words: SettingTexts & { readonly shortcut?: string }, initial = false): Flag {
    return register(this.make(name, initial, flag, { ...words, form: "flag" as const }));
  }

  choice<T extends string>(
    name: string,
    initial: NoInfer<T>,
    { labels, ...words }: SettingTexts & Labels<T>,
  ) {
    const options = toOptions(labels);
    return this.choiceOf<T>(name, initial, choice(options.map(({ value }) => value)), { ...words, options });
  }

  choiceOf<T extends string | number>(
    name: string,
    initial: T,
    codec: Codec<T>,
    words: SettingTexts & Options<T>,
  ) {
    const made: Choice<T> = this.make(name, initial, codec, { ...words, form: "choice" as const });
    return register(made);
  }

  /** One of what the data has; "" leaves it to the page. */
  choiceOfData(name: string, words: SettingTexts) {
    return this.choiceOf(name, "", text, { ...words, options: [] });
  }

  /** None at first. */
  list<T extends string>(name: string, { labels, tips, ...words }: SettingTexts & Labels<T> & Tips<T>) {
    const options = toOptions(labels, tips);
    const codec = choices(options.map(({ value }) => value));
    return this.listOf<readonly T[]>(name, [], codec, { ...words, options });
  }

  /** Any of what the data has, or of some options. */
  listOf<V extends readonly string[] | null>(
    name: string,
    initial: V,
    codec: Codec<V>,
    words: SettingTexts & Partial<Options<string>>,
  ): List<V> {
    return register(this.make(name, initial, codec, { options: [], ...words, form: "list" as const }));
  }

  amount(name: string, initial: number, codec: Codec<number>, words: SettingTexts & Slide): Amount {
    return register(this.make(name, initial, codec, { ...words, form: "amount" as const }));
  }

  own<T>(name: string, initial: T, codec: Codec<T>, words: SettingTexts): Own<T> {
    return register(this.make(name, initial, codec, { ...words, form: "own" as const }));
  }

  private make<T, W extends SettingTexts>(name: string, initial: T, codec: Codec<T>, words: W) {
    return Object.assign(stored(name, initial, codec), words, { group: this.group });
  }
}

function register<S extends AnySetting>(made: S): S {
  all.push(made);
  all.sort((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group));
  return made;
}

function toOptions<T extends string>(
  labels: { readonly [V in T]: string },
  tips?: { readonly [V in T]: string },
): Option<T>[] {
  const values = Object.keys(labels) as T[];
  return values.map((value) => ({ value, label: labels[value], tip: tips?.[value] }));
}

/** A signal that the URL can be read into and written from. */
function stored<T>(name: string, initial: T, codec: Codec<T>) {
  const state = signal(initial);
  const initialText = codec.format(initial);
  return Object.assign(state, {
    name,
    initial,
    reset() {
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
