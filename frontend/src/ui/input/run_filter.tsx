/** The filter of the runs, on the board and in the list of runs. */

import { runFilter } from "../../view/board/board_rows";
import { boardFilter } from "../../view/settings/settings";
import { Icon } from "../widgets/icons";
import { RUN_FILTER_ID } from "./commands";

export function RunFilter() {
  const { error } = runFilter.value;
  return (
    <div class={`filter${error ? " bad" : ""}`}>
      <Icon name="search" />
      <input
        id={RUN_FILTER_ID}
        type="search"
        placeholder="Filter runs: words, lr=1, loss<0.5"
        aria-label={boardFilter.label}
        aria-invalid={error !== ""}
        title={error || boardFilter.tip}
        value={boardFilter.value}
        onInput={(event) => {
          boardFilter.value = event.currentTarget.value;
        }}
      />
    </div>
  );
}
