/** In which module the topmost row on the screen is, once its heading has been scrolled away. */

import { computed } from "@preact/signals";
import { placedRows } from "../../view/layout/rows";
import { scrollTarget } from "../../view/screen/reveal";
import { scrollTop_px } from "../../view/screen/screen";
import type { GroupRow } from "../../view/selection/tree";

const innermost = computed<GroupRow | undefined>(() => {
  const open: GroupRow[] = [];
  for (const { row, top_px, height_px } of placedRows.value) {
    open.length = Math.min(open.length, row.depth);
    if (top_px + height_px > scrollTop_px.value) break;
    if (row.kind === "group") open[row.depth] = row;
  }
  return open.at(-1);
});

export function Breadcrumb() {
  const group = innermost.value;
  if (group === undefined) return null;
  return (
    <button
      type="button"
      class="crumb ellipsis"
      title={`In ${group.path}. Click: to its heading`}
      onClick={() => {
        scrollTarget.value = { rowId: group.id };
      }}
    >
      {group.path.replace(/[./]/g, " › ")}
    </button>
  );
}
