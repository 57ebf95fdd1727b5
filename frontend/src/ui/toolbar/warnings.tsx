/** What the server and the recording runs have to say: unreadable data, silent modules, skipped records. */

import type { Run } from "../../series/types";
import { index } from "../../view/catalog/catalog";
import { runs } from "../../view/selection/selection";
import { Menu } from "../widgets/controls";

export function Notices() {
  const all = [...(index.value?.warnings ?? []), ...runs.value.flatMap(runNotices)];
  if (all.length === 0) return null;
  return (
    <Menu icon="notice" tip="What could not be read or recorded" badge={String(all.length)}>
      <ul class="notices">
        {all.map((notice) => (
          <li key={notice}>{notice}</li>
        ))}
      </ul>
    </Menu>
  );
}

function runNotices({ name, info }: Run): string[] {
  const { silent = [], skipped = 0, errors = [] } = info;
  const notices = errors.map((error) => `${name}: ${error}`);
  if (silent.length > 0) notices.push(`${name}: modules that were never called: ${silent.join(", ")}.`);
  if (skipped > 0)
    notices.push(`${name}: ${skipped} records were skipped, because the disk was too slow for them.`);
  return notices;
}
