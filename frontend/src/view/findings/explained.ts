/** Which finding the details pane explains (ui/incident, which is loaded later), and the way there. */

import { batch, computed, signal } from "@preact/signals";
import { panelId } from "../../series/panel_data";
import type { FindingAnswer } from "../../series/types";
import { incident } from "../settings/settings";

/** What the pane is to bring into sight; it takes it from here. */
export const toReveal = signal<FindingAnswer | null>(null);

/** Explains a finding, and goes to where it is. */
export function openFinding(finding: FindingAnswer): void {
  const { run, kind, tags, first_step } = finding;
  batch(() => {
    incident.value = [run, kind, tags[0] ?? "", String(first_step)];
    toReveal.value = finding;
  });
}

/** Id of the panel that is marked; that of no panel while nothing is explained. */
export const explainedPanel = computed(() => panelId(incident.value[0] ?? "", incident.value[2] ?? ""));
