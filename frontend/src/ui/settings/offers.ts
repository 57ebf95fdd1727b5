/** What the page makes of the settings at the moment: what there is to choose, what is in force, what a choice brings along. */

import { batch } from "@preact/signals";
import { orderProgress } from "../../view/findings/ranking";
import { panel_px, panelHeight_px } from "../../view/layout/metrics";
import { baselineRun } from "../../view/panel/compare";
import { NEEDS_LINKS, NEEDS_ONE_SCALE } from "../../view/panel/notes";
import { epochs } from "../../view/panel/panel_times";
import { anyExpanded } from "../../view/screen/columns";
import { shownTags, tags } from "../../view/screen/scalars";
import * as selection from "../../view/selection/selection";
import type { AnySetting, Choice, List, Option, Setting, Value } from "../../view/settings/setting";
import * as settings from "../../view/settings/settings";
import { chooseRange, chooseTime } from "../../view/settings/zoom";

interface Offer<T> {
  /** Whether there is anything to choose. */
  applies?(): boolean;
  /** Whether it can be changed now. */
  enabled?(): boolean;
  options?(): readonly Option<string>[];
  /** What is in force, where that may be other than what was chosen. */
  inForce?(): T;
  /** How it is chosen, where that does more than set it. */
  choose?(value: T): void;
  /** What to know about it at the moment; "" for nothing. */
  hint?(): string;
}

type Settings = typeof settings;

const severalRuns = () => selection.runs.value.length > 1;
const differs = () => settings.difference.value && severalRuns();
const linked = () => settings.linked.value;

const OFFERS: Readonly<Partial<Record<string, Offer<unknown>>>> = {
  runs: {
    applies: () => selection.runsWithData.value.length > 1,
    options: () => named(selection.runsWithData.value.map((run) => run.name)),
    inForce: runNames,
  },
  kind: {
    applies: () => selection.kinds.value.length > 1,
    options: () => named(selection.kinds.value, settings.kind.options),
    inForce: () => selection.kind.value,
  },
  phase: {
    applies: () => selection.phases.value.length > 1,
    options: () => named(selection.phases.value),
    inForce: () => selection.phase.value,
  },
  time: {
    options: () => settings.time.options.filter(({ value }) => value !== "epoch" || epochs.value.size > 0),
    choose: chooseTime,
  },
  sort: {
    hint: () => (orderProgress.value < 1 ? `ordering ${Math.round(orderProgress.value * 100)} %` : ""),
  },
  types: {
    applies: () => selection.moduleTypes.value.length > 1,
    options: () => named(selection.moduleTypes.value, [], (type) => `Show ${type} layers`),
    // No type chosen means all of them.
    inForce: () => (settings.types.value.length > 0 ? settings.types.value : selection.moduleTypes.value),
    choose: (chosen) => {
      settings.types.value = chosen.length === selection.moduleTypes.value.length ? [] : chosen;
    },
  },
  range: { choose: (range) => chooseRange(range) },
  manualRange: { applies: () => settings.range.value === "manual" },
  axisScope: {
    enabled: linked,
    inForce: () => (linked() ? settings.axisScope.value : "panel"),
    hint: () => (differs() && settings.axisScope.value === "panel" ? NEEDS_ONE_SCALE : ""),
  },
  colourScope: { enabled: linked, inForce: () => (linked() ? settings.colourScope.value : "panel") },
  strip: {
    hint: () => (settings.strip.value !== "none" && !anyExpanded.value ? "Only open layers have it." : ""),
  },
  scalars: {
    applies: () => tags.value.length > 0,
    options: () => named(tags.value, [], (tag) => `Draw ${tag} above the heatmaps`),
    inForce: () => shownTags.value,
  },
  baseline: { applies: severalRuns, options: () => named(runNames()), inForce: baselineRun },
  difference: { applies: severalRuns, hint: () => (differs() && !linked() ? NEEDS_LINKS : "") },
  density: {
    choose: (density) => {
      settings.density.value = density;
      settings.panelHeight_px.reset();
    },
  },
  panelWidth_px: { inForce: () => panel_px.value },
  panelHeight_px: { inForce: () => panelHeight_px.value },
  layout: {
    inForce: () => selection.layout.value,
    choose: (layout) => {
      settings.layout.value = layout;
      settings.toggled.reset();
    },
  },
} satisfies { readonly [Name in keyof Settings]?: Offer<Value<Settings[Name]>> };

function runNames(): readonly string[] {
  return selection.runs.value.map((run) => run.name);
}

/** Options of names that the data has; those with a label of their own keep it. */
function named(
  names: readonly string[],
  labelled: readonly Option<string>[] = [],
  toTip?: (name: string) => string,
): readonly Option<string>[] {
  return names.map((value) => {
    const known = labelled.find((option) => option.value === value) ?? { value, label: value };
    return { ...known, tip: toTip?.(value) };
  });
}

function offerOf<T>({ name }: Setting<T>): Offer<T> {
  return (OFFERS[name] as Offer<T> | undefined) ?? {};
}

export function applies(setting: AnySetting): boolean {
  return OFFERS[setting.name]?.applies?.() ?? true;
}

export function isEnabled(setting: AnySetting): boolean {
  return OFFERS[setting.name]?.enabled?.() ?? true;
}

export function hintOf(setting: AnySetting): string {
  return OFFERS[setting.name]?.hint?.() ?? "";
}

export function inForce<T>(setting: Setting<T>): T {
  return offerOf(setting).inForce?.() ?? setting.value;
}

export function optionsOf(setting: Choice): readonly Option<string | number>[];
export function optionsOf(setting: List): readonly Option<string>[];
export function optionsOf(setting: Choice | List): readonly Option<string | number>[];
export function optionsOf(setting: Choice | List): readonly Option<string | number>[] {
  return OFFERS[setting.name]?.options?.() ?? setting.options;
}

/** Takes a choice as its control does. */
export function choose<T>(setting: Setting<T>, value: T): void {
  const offer = offerOf(setting);
  batch(() => {
    if (offer.choose) offer.choose(value);
    else setting.value = value;
  });
}

export function isPicked(setting: Choice | List, option: string | number): boolean {
  const chosen = inForce<unknown>(setting);
  return Array.isArray(chosen) ? chosen.includes(option) : chosen === option;
}

/** Chooses an option; of a list it is taken in, or out where it is in. */
export function pickOption(setting: Choice | List, option: string | number): void {
  const chosen = inForce<unknown>(setting);
  if (!Array.isArray(chosen)) choose<unknown>(setting, option);
  else if (chosen.includes(option))
    choose<unknown>(
      setting,
      chosen.filter((other) => other !== option),
    );
  else choose<unknown>(setting, [...chosen, option]);
}

/** What it is called to put a setting back as it was at first. */
export function resetName({ label }: AnySetting): string {
  return `Reset ${label.charAt(0).toLowerCase()}${label.slice(1)}`;
}

/** What a choice is called where it stands alone, as among the commands. */
export function optionName(setting: AnySetting, option: Option<string | number>): string {
  return `${setting.label}: ${option.label}`;
}
