/** What the page makes of the settings at the moment: what there is to choose, what is in force, what a choice brings along. */

import { batch } from "@preact/signals";
import { comparedRun, otherRuns } from "../../view/findings/compared_run";
import { orderProgress } from "../../view/findings/ranking";
import { effectivePanelHeight_px, panel_px } from "../../view/layout/metrics";
import { baselineRun, NEEDS_LINKS, NEEDS_ONE_SCALE } from "../../view/panel/compare";
import { epochs } from "../../view/panel/panel_times";
import { shownTags, tags } from "../../view/screen/scalars";
import * as selection from "../../view/selection/selection";
import type { AnySetting, Choice, List, Option, Setting } from "../../view/settings/setting";
import * as settings from "../../view/settings/settings";
import { chooseRange, chooseTime } from "../../view/settings/zoom";
import { runListOpen } from "./open_state";

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

const severalRuns = () => selection.shownRuns.value.length > 1;
const differs = () => settings.difference.value && severalRuns();
const linked = () => settings.linked.value;

const offers = new Map<unknown, Offer<unknown>>();

function offer<T>(setting: Setting<T>, made: Offer<T>): void {
  offers.set(setting, made as Offer<unknown>);
}

offer(settings.runs, {
  applies: () => selection.runsWithData.value.length > 1,
  options: () => namesToOptions(selection.runsWithData.value.map((run) => run.name)),
  inForce: runNames,
});
offer(settings.kind, {
  applies: () => selection.kinds.value.length > 1,
  options: () => selection.kinds.value.map((value) => ({ value, label: kindToLabel(value) })),
  inForce: () => selection.effectiveKind.value,
});
offer(settings.phase, {
  applies: () => selection.phases.value.length > 1,
  options: () => namesToOptions(selection.phases.value),
  inForce: () => selection.effectivePhase.value,
});
offer(settings.view, {
  options: () =>
    settings.view.options.filter(({ value }) => value !== "board" || selection.runsWithData.value.length > 1),
  inForce: () => (selection.boardOpen.value ? "board" : selection.depthOpen.value ? "depth" : "panels"),
});
offer(settings.boardGroup, {
  applies: () => selection.runsWithData.value.length > 1,
  options: () => [{ value: "", label: "nothing" }, ...selection.boardColumns.value],
  choose: (column) => chooseOnBoard(settings.boardGroup, column),
});
offer(settings.boardSort, {
  applies: () => selection.runsWithData.value.length > 1,
  options: () => [
    { value: "", label: "as TensorBoard does" },
    ...selection.boardColumns.value.flatMap(({ value, label }) =>
      /^(worst$|layer:)/.test(value)
        ? { value, label: `${label}${value === "worst" ? "" : ", worst"} first` }
        : [
            { value, label: `${label}, smallest first` },
            { value: `-${value}`, label: `${label}, largest first` },
          ],
    ),
  ],
  choose: (column) => {
    if (runListOpen.peek()) settings.boardSort.value = column;
    else chooseOnBoard(settings.boardSort, column);
  },
});
offer(settings.time, {
  options: () => settings.time.options.filter(({ value }) => value !== "epoch" || epochs.value.size > 0),
  choose: chooseTime,
});
offer(settings.transposed, {
  inForce: turned,
  choose: (wanted) => {
    settings.transposed.reset();
    if (wanted !== turned()) settings.transposed.value = wanted;
  },
});
offer(settings.sort, {
  hint: () => (orderProgress.value < 1 ? `ordering ${Math.round(orderProgress.value * 100)} %` : ""),
});
offer(settings.types, {
  applies: () => selection.moduleTypes.value.length > 1,
  options: () => namesToOptions(selection.moduleTypes.value, (type) => `Show ${type} layers`),
  // No type chosen means all of them.
  inForce: () => (settings.types.value.length > 0 ? settings.types.value : selection.moduleTypes.value),
  choose: (chosen) => {
    settings.types.value = chosen.length === selection.moduleTypes.value.length ? [] : chosen;
  },
});
offer(settings.range, { choose: (range) => chooseRange(range) });
offer(settings.manualRange, { applies: () => settings.range.value === "manual" });
offer(settings.axisScope, {
  enabled: linked,
  inForce: () => (linked() ? settings.axisScope.value : "panel"),
  hint: () => (differs() && settings.axisScope.value === "panel" ? NEEDS_ONE_SCALE : ""),
});
offer(settings.colourScope, {
  enabled: linked,
  inForce: () => (linked() ? settings.colourScope.value : "panel"),
});
offer(settings.strip, {
  hint: () =>
    settings.strip.value !== "none" && !selection.anyOpen.value ? "Only open layers have it." : "",
});
offer(settings.numberFormat, {
  choose: (format) => {
    settings.numberFormat.value = format;
    if (format !== "off") settings.strip.value = "lost";
    else if (settings.strip.value === "lost") settings.strip.value = "none";
  },
});
offer(settings.formatScale, {
  hint: () =>
    settings.formatScale.value !== 0 && settings.numberFormat.value === "off"
      ? "Choose a number format."
      : "",
});
offer(settings.scalars, {
  applies: () => tags.value.length > 0,
  options: () => namesToOptions(tags.value, (tag) => `Draw ${tag} above the heatmaps`),
  inForce: () => shownTags.value,
});
offer(settings.scalarScale, { applies: () => tags.value.length > 0 });
offer(settings.smoothing, { applies: () => tags.value.length > 0 });
offer(settings.baseline, {
  applies: severalRuns,
  options: () => namesToOptions(runNames()),
  inForce: baselineRun,
});
offer(settings.difference, { applies: severalRuns, hint: () => (differs() && !linked() ? NEEDS_LINKS : "") });
offer(settings.parting, { applies: severalRuns });
offer(settings.compared, {
  applies: severalRuns,
  options: () => namesToOptions(otherRuns.value),
  inForce: () => comparedRun.value,
});
offer(settings.density, {
  choose: (density) => {
    settings.density.value = density;
    settings.panelHeight_px.reset();
  },
});
offer(settings.panelWidth_px, { inForce: () => panel_px.value });
offer(settings.panelHeight_px, { inForce: () => effectivePanelHeight_px.value });
offer(settings.layout, {
  inForce: () => selection.effectiveLayout.value,
  choose: (layout) => {
    settings.layout.value = layout;
    settings.toggled.reset();
  },
});

/** Whether layers are columns. */
function turned(): "0" | "1" {
  return selection.isTransposed.value ? "1" : "0";
}

function chooseOnBoard(setting: Setting<string>, column: string): void {
  setting.value = column;
  if (column !== "") settings.view.value = "board";
}

function runNames(): readonly string[] {
  return selection.shownRuns.value.map((run) => run.name);
}

function kindToLabel(kind: string): string {
  const words = kind === "histograms" ? "other histograms" : kind.replace("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Options of names that the data has. */
function namesToOptions(
  names: readonly string[],
  toTip?: (name: string) => string,
): readonly Option<string>[] {
  return names.map((value) => ({ value, label: value, tip: toTip?.(value) }));
}

function offerOf<T>(setting: Setting<T>): Offer<T> {
  return (offers.get(setting) as Offer<T> | undefined) ?? {};
}

export function applies(setting: AnySetting): boolean {
  return offerOf<unknown>(setting).applies?.() ?? true;
}

export function isEnabled(setting: AnySetting): boolean {
  return offerOf<unknown>(setting).enabled?.() ?? true;
}

export function hintOf(setting: AnySetting): string {
  return offerOf<unknown>(setting).hint?.() ?? "";
}

export function inForce<T>(setting: Setting<T>): T {
  return offerOf(setting).inForce?.() ?? setting.value;
}

export function optionsOf(setting: Choice): readonly Option<string | number>[];
export function optionsOf(setting: List): readonly Option<string>[];
export function optionsOf(setting: Choice | List): readonly Option<string | number>[];
export function optionsOf(setting: Choice | List): readonly Option<string | number>[] {
  return offerOf<unknown>(setting).options?.() ?? setting.options;
}

/** Takes a choice as its control does. */
export function choose<T>(setting: Setting<T>, value: T): void {
  const { choose: take } = offerOf(setting);
  batch(() => {
    if (take) take(value);
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
