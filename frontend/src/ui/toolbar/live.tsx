/** Whether what is shown is new: following the newest step, held by a zoom, at an end, or cut off from the server. */

import { formatDuration } from "../../math/format";
import { askIndex, failure, stale_s } from "../../view/catalog/catalog";
import { quiet_s } from "../../view/panel/growth";
import { zoomX } from "../../view/settings/settings";
import { clearZoom } from "../../view/settings/zoom";

/** A training that has stood still for so long has ended, as far as a reader cares. */
const ENDED_S = 3600;

export function Live() {
  if (failure.value !== "") {
    const age = stale_s.value > 0 ? `, ${stale_s.value} s old` : "";
    return (
      <span role="status">
        <button
          type="button"
          class="chip bad"
          title={`${failure.value} Click: try again`}
          onClick={() => void askIndex()}
        >
          not connected{age}
        </button>
      </span>
    );
  }
  const quiet = quiet_s.value;
  if (quiet === null) return null;
  if (quiet > 0) {
    const age = formatDuration(quiet).split(" ", 2).join(" ");
    return (
      <span class="chip" title={`Last recorded ${age} ago; new steps appear by themselves`}>
        <span class="long">{quiet < ENDED_S ? "last step\u00a0" : "ended\u00a0"}</span>
        {age} ago
      </span>
    );
  }
  if (zoomX.value.size > 0) {
    return (
      <button
        type="button"
        class="chip live"
        title="The training goes on; the page stays at the zoomed steps. Click: follow the newest step again"
        onClick={clearZoom}
      >
        live, not followed
      </button>
    );
  }
  return (
    <span class="chip live" title="New steps appear automatically while this tab is shown">
      live
    </span>
  );
}
