/** What the cells of rows have in common, whether a row is a layer or a run. */

import { frame, name_px, narrow, panel_px } from "../../view/layout/metrics";
import { box } from "../widgets/box";

/** A column of its own, or a line above the panels where there is no room for one. */
export function nameBox() {
  return box({ width: narrow.value ? frame.value.width_px : name_px.value });
}

/** In place of a panel. */
export function Absent({ open }: { readonly open: boolean }) {
  return (
    <div class="absent" style={box({ width: panel_px.value })} title="This run has no such layer">
      {open ? "not recorded in this run" : ""}
    </div>
  );
}
