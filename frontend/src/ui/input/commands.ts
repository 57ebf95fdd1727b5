/** The table of what can be done besides choosing: keys, buttons, the palette and docs/page.md read it. */

import { moveIncident, walked } from "../../view/findings/incidents";
import type { PanelView } from "../../view/panel/panel_view";
import { movePin, pinAt, pinFirst } from "../../view/screen/pin";
import { findPanel, inSight } from "../../view/screen/views";
import { panBy, zoomBy } from "../../view/screen/zooming";
import * as selection from "../../view/selection/selection";
import { layersToTree } from "../../view/selection/tree";
import { allSettings } from "../../view/settings/setting";
import * as settings from "../../view/settings/settings";
import { linkToView } from "../../view/settings/url";
import type { Cursor } from "../../view/settings/zoom";
import * as zoom from "../../view/settings/zoom";
import { choose } from "../settings/offers";
import { helpOpen, openRunList, paletteOpen, paneOpen, runListOpen } from "../settings/open_state";
import { copyText } from "../widgets/clipboard";
import { say } from "../widgets/toast";
import { loadParts } from "./load_parts";

export interface Command {
  /** Its one name: on buttons, in the palette, on the sheet of keys and in docs/page.md. */
  readonly label: string;
  /** As in key_names.ts. */
  readonly keys?: readonly string[];
  /** What it does instead with Shift. */
  readonly shift?: string;
  /** Whether there is anything to do. `at`: where the crosshair is, or was before the palette covered the page. */
  when?(at: Cursor | null): boolean;
  run(at: Cursor | null, shift: boolean): void;
}

const ZOOM_STEP = 0.7;
const PAN_STEP = 0.2;

const all: Command[] = [];
/** In the order of the palette and of the sheet of keys. Those that have a button too have a name here. */
export const allCommands: readonly Command[] = all;

function command(made: Command): Command {
  all.push(made);
  return made;
}

export const palette = command({
  label: "Commands, layers and findings",
  keys: ["Ctrl K", "⌘ K"],
  run: () => {
    paletteOpen.value = true;
  },
});
command({
  label: settings.filter.label,
  keys: ["/"],
  run: () => focusElement(FILTER_ID),
});
export const runList = command({
  label: "List of runs",
  keys: ["R"],
  when: () => !selection.boardOpen.peek(),
  run: () => openRunList(!runListOpen.peek()),
});
export const pane = command({ label: "More settings", run: () => toggle(paneOpen) });
export const help = command({
  label: "How to read this, keys and gestures",
  keys: ["?"],
  run: () => toggle(helpOpen),
});
command({
  label: "Close the explanation of a finding",
  keys: ["Esc"],
  when: () => settings.incident.peek().length > 0,
  run: () => settings.incident.reset(),
});
export const report = command({
  label: "Copy report",
  when: () => settings.incident.peek().length > 0,
  run: () => void loadParts().then(({ copyReport }) => copyReport()),
});
export const nextFinding = command({
  label: "Next finding",
  keys: ["N"],
  shift: "Previous finding",
  when: () => walked.peek().length > 0,
  run: (_, shift) => moveIncident(shift ? -1 : 1),
});
export const showAll = command({
  label: "Show all layers again",
  keys: ["0", "Esc"],
  when: () => settings.full.peek() !== "",
  run: () => settings.full.reset(),
});
export const resetZoom = command({
  label: "Reset zoom",
  keys: ["0", "Esc"],
  when: () => zoom.zoomed.peek() || zoom.gesturing.peek(),
  run: zoom.clearZoom,
});
export const back = command({
  label: "Back to the previous zoom",
  keys: ["Z"],
  when: () => zoom.canGoBack.peek(),
  run: zoom.goBack,
});
command(moving(["W", "+"], settings.zoomX.label, settings.zoomY.label, zoomTimes(ZOOM_STEP)));
command(moving(["S", "−"], "Zoom out on the steps", "Zoom out on the values", zoomTimes(1 / ZOOM_STEP)));
command(moving(["A"], "Move left", "Move down", (panel, axis) => panBy(panel, axis, -PAN_STEP)));
command(moving(["D"], "Move right", "Move up", (panel, axis) => panBy(panel, axis, PAN_STEP)));
command({ label: settings.pinned.label, when: onPanels, run: () => focusElement(STEP_ID) });
export const stepBefore = command({
  label: "Pin the previous step",
  keys: ["←"],
  shift: "Pin the step ten back",
  when: onPanels,
  run: (_, shift) => movePin(shift ? -10 : -1),
});
export const nextStep = command({
  label: "Pin the next step",
  keys: ["→"],
  shift: "Pin the step ten ahead",
  when: onPanels,
  run: (_, shift) => movePin(shift ? 10 : 1),
});
command({ label: "Pin the first step", keys: ["Home"], when: onPanels, run: pinFirst });
export const newestStep = command({
  label: "Follow the last step in sight",
  keys: ["End"],
  when: onPanels,
  run: () => pinAt(null),
});
export const play = command({
  label: "Play or stop the steps",
  keys: ["P", "Space"],
  when: onPanels,
  run: () => void loadParts().then(({ togglePlay }) => togglePlay()),
});
command({ label: "Show a range of steps", when: onPanels, run: () => focusElement(RANGE_ID) });
command({
  label: "Copy readout",
  keys: ["C"],
  shift: "Copy cell as TSV",
  when: (at) => at !== null,
  run: (at, shift) => at !== null && void loadParts().then(({ copyCell }) => copyCell(shift, at)),
});
export const copyLink = command({
  label: "Copy link to this view",
  run: () => void copyText(linkToView()).then(say),
});
command({
  label: settings.boardFilter.label,
  run: () => {
    if (!selection.boardOpen.peek()) openRunList(true);
    // The list is drawn before the next key arrives.
    queueMicrotask(() => focusElement(RUN_FILTER_ID));
  },
});
command({
  label: settings.depthPlace.label,
  run: () => {
    settings.view.value = "depth";
  },
});
command({
  label: settings.boardFolds.label,
  run: () => void loadParts().then(({ unfoldStages }) => unfoldStages()),
});
command({ label: settings.boardFoldedGroups.label, run: () => settings.boardFoldedGroups.reset() });
command({ label: settings.folded.label, run: foldAll });
command({ label: "Unfold all groups", run: () => settings.folded.reset() });
command({
  label: "Reset all settings",
  run: () => {
    zoom.clearZoom();
    for (const setting of allSettings) choose<unknown>(setting, setting.initial);
  },
});

/** Ids of fields that commands lead to. */
export const FILTER_ID = "layer-filter";
export const RUN_FILTER_ID = "run-filter";
export const STEP_ID = "step-field";
export const RANGE_ID = "step-range";

/** A board has no steps to pin. */
function onPanels(): boolean {
  return !selection.boardOpen.peek();
}

function focusElement(id: string): void {
  document.getElementById(id)?.focus();
}

type Move = (panel: PanelView, axis: "x" | "y") => void;

/** Of the steps of all panels, or with Shift of the values of one. */
function moving(keys: readonly string[], label: string, shift: string, move: Move): Command {
  return {
    label,
    keys,
    shift,
    run: (at, shifted) => {
      const panel = activePanel(at);
      if (panel !== undefined) move(panel, shifted ? "y" : "x");
    },
  };
}

/** Around the crosshair. */
function zoomTimes(factor: number): Move {
  return (panel, axis) => zoomBy(panel, axis, factor, crosshairShare(panel, axis));
}

/** The panel of the crosshair, else the one with the focus, else the first that can be seen. */
function activePanel(at: Cursor | null): PanelView | undefined {
  const focused = document.activeElement?.closest<HTMLElement>("[data-panel]")?.dataset.panel;
  return findPanel(at?.panelId ?? focused ?? "") ?? [...inSight.peek()][0];
}

/** Where the crosshair is on an axis, else its middle. */
function crosshairShare(panel: PanelView, axis: "x" | "y"): number {
  const at = zoom.cursor.peek();
  if (axis === "y") return panel.crossFraction.peek() ?? 0.5;
  return at === null ? 0.5 : Math.min(1, Math.max(0, panel.liveAxis.peek().unitToFraction(at.unit)));
}

function foldAll(): void {
  const rows = layersToTree(selection.layers.peek(), new Set());
  settings.folded.value = rows.flatMap((row) => (row.kind === "group" ? [row.path] : []));
}

function toggle(state: { value: boolean }): void {
  state.value = !state.value;
}
