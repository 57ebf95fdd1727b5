/** Whether what is shown is new: following the newest step, held by a zoom, at an end, or cut off from the server. */

import { formatDuration } from "../../math/format";
import { failure, stale_s } from "../../view/catalog/catalog";
import { quiet_s } from "../../view/panel/growth";
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
        title="The page stays at the zoomed steps; the training is not paused. Click to follow the newest step again"
        onClick={clearZoom}
      >
        following paused
      </button>
    );
  }
  if (quiet_s.value > 0) {
    return (
      <span class="chip" title="The training has ended or is paused; new steps would appear automatically">
        last step {formatDuration(quiet_s.value).split(" ", 2).join(" ")} ago
      </span>
    );
  }
  return (
    <span class="chip live" title="New steps appear automatically while this tab is shown">
      live
    </span>
  );
}
