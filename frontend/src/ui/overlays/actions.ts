/** Everything that the command palette can do, as it stands when the palette is opened. */

import { canShare } from "../../series/page_client";
import { seriesId } from "../../series/series_id";
import { openFinding } from "../../view/findings/explained";
import { sorted } from "../../view/findings/findings";
import { switchScale } from "../../view/panel/kept_scale";
import type { PanelLayer } from "../../view/panel/panel_view";
import { showsUnits, toggleUnits } from "../../view/panel/shown_units";
import { showLayer } from "../../view/screen/reveal";
import { findPanel, visible } from "../../view/screen/views";
import * as selection from "../../view/selection/selection";
import { type AnySetting, allSettings, type Choice, type List } from "../../view/settings/setting";
import * as settings from "../../view/settings/settings";
import type { Cursor } from "../../view/settings/zoom";
import { allCommands, type Command, palette } from "../input/commands";
import { keysToText } from "../input/key_names";
import {
  applies,
  choose,
  inForce,
  isEnabled,
  isPicked,
  optionName,
  optionsOf,
  pickOption,
  resetName,
} from "../settings/offers";
import { showField, tableOf } from "../settings/open_state";
import { OWN_FIELDS } from "../settings/setting_field";
import { say } from "../widgets/toast";
import { FORMATS, PAGE_PICTURES, saveRow } from "./save";
import { SHARE, shareAsFile } from "./share_file";

export interface Action {
  readonly name: string;
  /** A key that does the same, or what kind of thing it is. */
  readonly hint?: string | undefined;
  /** In force already. */
  readonly current?: boolean;
  run(): void;
}

/** `at`: where the crosshair was before the palette covered the page. */
export function listActions(at: Cursor | null): readonly Action[] {
  const row = rowInSight(at);
  return [
    ...allCommands.flatMap((command) => commandToActions(command, at)),
    ...(canShare ? [{ name: SHARE, run: shareAsFile }] : []),
    ...(row === undefined ? [] : rowActions(row)),
    ...(row === undefined
      ? []
      : PAGE_PICTURES.map(({ name, save }) => ({ name, run: () => void save().then(say) }))),
    ...allSettings.filter((setting) => applies(setting) && isEnabled(setting)).flatMap(settingToActions),
    ...runActions(),
    ...layerActions(),
    ...sorted.peek().map((finding) => ({
      name: `${settings.incident.label}: ${finding.title}`,
      hint: `${finding.severity}, ${finding.run}`,
      run: () => openFinding(finding),
    })),
  ];
}

function commandToActions(command: Command, at: Cursor | null): readonly Action[] {
  if (command === palette || !(command.when?.(at) ?? true)) return [];
  const { label, keys = [], shift } = command;
  const hint = keysToText(keys);
  const plain = { hint, name: label, run: () => command.run(at, false) };
  if (shift === undefined) return [plain];
  return [plain, { hint: `Shift ${hint}`, name: shift, run: () => command.run(at, true) }];
}

/** What can be chosen of a setting that has a control; others are changed by commands and at the rows. */
function settingToActions(setting: AnySetting): readonly Action[] {
  const { name, label } = setting;
  if (setting.form === "choice" || setting.form === "list") return optionActions(setting);
  if (setting.form === "flag") {
    const current = inForce(setting);
    return [{ name: label, hint: setting.shortcut, current, run: () => choose(setting, !current) }];
  }
  if (setting.form === "own" && !(name in OWN_FIELDS)) return [];
  const leads = { name: label, run: () => showField(name) };
  if (setting.write() === undefined) return [leads];
  return [leads, { name: resetName(setting), run: () => choose<unknown>(setting, setting.initial) }];
}

function optionActions(setting: Choice | List): readonly Action[] {
  return optionsOf(setting).map((option) => ({
    name: optionName(setting, option),
    current: isPicked(setting, option.value),
    run: () => pickOption(setting, option.value),
  }));
}

/** The row of the crosshair, or the only one shown, or the first one on the screen. */
function rowInSight(at: Cursor | null): PanelLayer | undefined {
  const shown = visible.peek();
  const full = shown.find((panel) => panel.layer.id === settings.full.peek());
  return ((at === null ? undefined : findPanel(at.panelId)) ?? full ?? shown[0])?.layer;
}

function rowActions(row: PanelLayer): readonly Action[] {
  const series = row.series.peek();
  const { layer } = series;
  return [
    ...FORMATS.map(({ format, label }) => ({
      name: `Save ${layer}: ${label}`,
      run: () => void saveRow(row, format).then(say),
    })),
    {
      name: `Table of ${layer}`,
      run: () => {
        tableOf.value = row;
      },
    },
    {
      name: `Show only ${layer}, enlarged`,
      current: settings.full.peek() === row.id,
      run: () => {
        settings.full.value = row.id;
      },
    },
    {
      name: `Open or close ${layer}`,
      current: row.open.peek(),
      run: () => selection.toggleExpanded(row.id),
    },
    {
      name: `Switch the value axis of ${layer}`,
      hint: row.fullScale.peek().kind,
      run: () => {
        const { kind } = row.fullScale.peek();
        if (kind !== "native") switchScale(row.id, kind);
      },
    },
    {
      name: `Keep ${layer} at the top`,
      current: settings.pinnedLayers.peek().includes(row.id),
      run: () => selection.togglePinnedLayer(series),
    },
    ...(typeof series.split === "number" ? [unitsAction(row)] : []),
  ];
}

function unitsAction(row: PanelLayer): Action {
  return {
    name: `Show the units of ${row.series.peek().layer}`,
    current: showsUnits(row.id),
    run: () => toggleUnits(row.id),
  };
}

function runActions(): readonly Action[] {
  const all = selection.runsWithData.peek();
  if (all.length < 2) return [];
  return all.map(({ name }) => ({
    name: `Show only ${name}`,
    hint: "run",
    run: () => selection.soloRun(name),
  }));
}

function layerActions(): readonly Action[] {
  return selection.allLayers.peek().map((series) => ({
    name: `Go to ${series.layer}`,
    hint: series.type || "layer",
    current: settings.full.peek() === seriesId(series),
    run: () => showLayer(series),
  }));
}
