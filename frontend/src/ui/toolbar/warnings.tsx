/** What the server and the recording runs have to say: unreadable data, silent modules, skipped records. */

import type { RunAnswer } from "../../series/types";
import { index } from "../../view/catalog/catalog";
import { shownRuns } from "../../view/selection/selection";
import { Menu } from "../widgets/controls";

export function WarningsMenu() {
  const all = [...(index.value?.warnings ?? []), ...shownRuns.value.flatMap(runWarnings)];
  if (all.length === 0) return null;
  return (
    <Menu icon="notice" tip="What could not be read or recorded" badge={String(all.length)}>
      <ul class="notices">
        {all.map((warning) => (
          <li key={warning}>{warning}</li>
        ))}
      </ul>
    </Menu>
  );
}

function runWarnings({ name, info }: RunAnswer): string[] {
  const { silent = [], skipped = 0, errors = [], changes = [] } = info;
  const warnings = errors.map((error) => `${name}: ${error}`);
  if (silent.length > 0) warnings.push(`${name}: modules that were never called: ${silent.join(", ")}.`);
  if (skipped > 0)
    warnings.push(`${name}: ${skipped} records were skipped, because the disk was too slow for them.`);
  warnings.push(...changes.map((change) => `${name}: the model changed at ${change}.`));
  return warnings;
}
