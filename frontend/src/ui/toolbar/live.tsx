/** Whether what is shown is new: following the newest step, held by a zoom, or cut off from the server. */

import { failure, stale_s } from "../../view/catalog/catalog";
import { zoomX } from "../../view/settings/settings";
import { clearZoom } from "../../view/settings/zoom";

export function Live() {
  if (failure.value !== "") {
    const age = stale_s.value > 0 ? `, ${stale_s.value} s old` : "";
    return (
      <span class="chip bad" role="status" title={failure.value}>
        not connected{age}
      </span>
    );
  }
  if (zoomX.value.size > 0) {
    return (
      <button
        type="button"
        class="chip"
        title="Zoomed. Click to follow the newest step again"
        onClick={clearZoom}
      >
        paused
      </button>
    );
  }
  return (
    <span class="chip live" title="New steps appear by themselves while this tab is shown">
      live
    </span>
  );
}
