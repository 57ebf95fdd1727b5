/** Where two shown runs part, as far as rows and panels need to know; parting_part.tsx asks the server. */

import { computed, signal } from "@preact/signals";
import type { Comparison } from "../../series/types";
import type { PanelView } from "../panel/panel_view";
import * as settings from "../settings/settings";

/** What the server answered last; null while nobody asks, and until it is there. */
export const comparison = signal<Comparison | null>(null);
/** Whether layers that do not differ are shown all the same. */
export const equalShown = signal(false);
const inForce = computed(() => (settings.parting.value === "off" ? null : comparison.value));

const NONE: ReadonlySet<string> = new Set();

/** Tags of the layers that do not differ. */
export const equalTags = computed<ReadonlySet<string>>(() => new Set(inForce.value?.equal ?? NONE));

/** Tags of layers that are folded away because they do not differ. */
export const tagsToFold = computed(() => (equalShown.value ? NONE : equalTags.value));

/** Step at which a layer begins to differ, by tag; the layer at which the runs part is the first. */
const stepsByTag = computed(
  () => new Map(inForce.value?.differing.map((layer) => [layer.tag, layer.first_step]) ?? []),
);

export interface PartingMark {
  readonly step: number;
  /** Whether the runs part here; else it follows from there. */
  readonly first: boolean;
}

/** What is marked on a panel; null for nothing. */
export function partingOf(panel: PanelView): PartingMark | null {
  const found = inForce.value;
  const { tag } = panel.layer.series.value;
  const step = stepsByTag.value.get(tag);
  if (found === null || step === undefined || (panel.run !== found.a && panel.run !== found.b)) return null;
  return { step, first: tag === found.differing[0]?.tag };
}
