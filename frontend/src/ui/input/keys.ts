/** Keys of the whole page: those of the commands and of the settings that have one. */

import { type AnySetting, allSettings } from "../../view/settings/setting";
import { cursor } from "../../view/settings/zoom";
import { choose, inForce } from "../settings/offers";
import { helpOpen, listCovers, openRunList, paneOpen, runListOpen } from "../settings/open_state";
import { allCommands, type Command } from "./commands";
import { undoHandleDrag } from "./handle_drag";
import { eventToKey } from "./key_names";
import { endDrag, spaceHeld } from "./pointer";

/** Of the whole page, in the order of the sheet of keys. */
export const keyCommands: readonly Command[] = [...allCommands, ...allSettings.flatMap(switchOf)];

function switchOf(setting: AnySetting): readonly Command[] {
  if (setting.form !== "flag" || setting.shortcut === undefined) return [];
  return [{ label: setting.label, keys: [setting.shortcut], run: () => choose(setting, !inForce(setting)) }];
}

/** Keys anywhere but on a panel with the focus; a text field keeps its own. */
export function globalKeys(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.altKey) return;
  const key = eventToKey(event);
  // Fields and dialogs keep their keys, except for those with Ctrl.
  const isPlain = !event.ctrlKey && !event.metaKey;
  if (isPlain && isBehindDialog(key)) return;
  if (isPlain && isTyping(event)) {
    if (key === "Esc") leaveField(event);
    return;
  }
  if (act(key, event)) event.preventDefault();
}

/** What lies behind a dialog stays as it is; the browser closes it with Esc. */
function isBehindDialog(key: string): boolean {
  return document.querySelector("dialog[open]") !== null && !(helpOpen.peek() && key === "?");
}

function act(key: string, event: KeyboardEvent): boolean {
  if (key === "Space") {
    if (isControl(event)) return false;
    if (holdSpace()) return true;
  }
  if (key === "Esc" && (endDrag() || undoHandleDrag())) return true;
  // The browser closes an open menu, unless the key counts as used.
  if (key === "Esc" && document.querySelector(":popover-open") !== null) return false;
  if (key === "Esc" && paneOpen.peek()) {
    paneOpen.value = false;
    return true;
  }
  if (key === "Esc" && runListOpen.peek() && listCovers()) {
    openRunList(false);
    return true;
  }
  const at = cursor.peek();
  // Of several with one key, the first that has anything to do.
  const command = keyCommands.find(({ keys, when }) => keys?.includes(key) && (when?.(at) ?? true));
  command?.run(at, event.shiftKey);
  return command !== undefined;
}

/** Esc in a field closes the settings around it; elsewhere it only leaves the field. A menu is closed by the browser. */
function leaveField({ target }: KeyboardEvent): void {
  if (!(target instanceof HTMLElement) || target.closest(":popover-open")) return;
  if (target.closest(".pane")) paneOpen.value = false;
  else target.blur();
}

/** Space over a panel makes a drag move the view. */
function holdSpace(): boolean {
  if (cursor.peek() === null && !spaceHeld.peek()) return false;
  spaceHeld.value = true;
  return true;
}

/** A control that was reached by keyboard keeps Space. */
function isControl({ target }: KeyboardEvent): boolean {
  return target instanceof Element && target.matches(CONTROLS);
}

const CONTROLS = ":is(button, a, summary, input, [role=slider], [role=option]):focus-visible";

export function releaseSpace(event: Event): void {
  if (!(event instanceof KeyboardEvent) || event.key === " ") spaceHeld.value = false;
}

/** Text and choices need all keys, sliders those that move them, boxes to be ticked none. */
function isTyping({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.matches("[type=range]")) return /^(Arrow|Home|End)/.test(key);
  return target.matches("input:not([type=checkbox]), select");
}
