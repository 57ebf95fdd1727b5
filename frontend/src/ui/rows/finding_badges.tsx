/** Findings as badges beside the names of layers and runs. */

import { formatCounted } from "../../math/format";
import type { FindingAnswer, Series } from "../../series/types";
import { openFinding } from "../../view/findings/explained";
import { findingsOfRun, findingsOfTag } from "../../view/findings/findings";
import { panel_px } from "../../view/layout/metrics";

/** Width of a column in which a badge of a word leaves enough of the run's name. */
const ROOM_FOR_WORDS_PX = 300;

/** The worst finding of a layer in any shown run, with their number. */
export function FindingBadge({ series, short }: { readonly series: Series; readonly short: boolean }) {
  const { tag, layer } = series;
  return (
    <Badge found={findingsOfTag(tag)} of={layer} short={short} words={(one) => `${one.run}: ${one.title}`} />
  );
}

/** The worst finding of a run in any layer, with their number. */
export function RunBadge({ run }: { readonly run: string }) {
  const short = panel_px.value < ROOM_FOR_WORDS_PX;
  return <Badge found={findingsOfRun(run)} of={run} short={short} words={(one) => one.title} />;
}

interface BadgeProps {
  /** For who listens: a finding may be at many layers. */
  readonly of: string;
  readonly found: readonly FindingAnswer[];
  readonly short: boolean;
  readonly words: (finding: FindingAnswer) => string;
}

function Badge({ found, of, short, words }: BadgeProps) {
  const worst = found[0];
  if (worst === undefined) return null;
  const count = formatCounted(found.length, "finding");
  const all = found.map(words).join("\n");
  return (
    <button
      type="button"
      class={`badge ${worst.severity}`}
      title={all}
      aria-label={`${count} of ${of}. ${all}`}
      onClick={() => openFinding(worst)}
    >
      {short ? found.length : count}
    </button>
  );
}
