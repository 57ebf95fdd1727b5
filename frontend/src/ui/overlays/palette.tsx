/** The command palette: everything that can be done or gone to, found by a few letters. */

import { untracked, useComputed, useSignal } from "@preact/signals";
import { useId, useMemo } from "preact/hooks";
import { cursor } from "../../view/settings/zoom";
import * as commands from "../input/commands";
import { paletteOpen } from "../settings/open_state";
import { type Action, listActions } from "./actions";
import { Dialog } from "./dialog";
import { fuzzyMatch } from "./fuzzy";

/** Nobody reads further down; they type one more letter. */
const MOST_SHOWN = 50;

interface Found {
  readonly action: Action;
  readonly score: number;
  readonly at: readonly number[];
}

export function Palette() {
  const close = () => {
    paletteOpen.value = false;
  };
  return (
    <Dialog kind="palette" label={commands.palette.label} close={close}>
      <Search />
    </Dialog>
  );
}

function Search() {
  const actions = useMemo(() => untracked(() => listActions(cursor.peek())), []);
  const id = useId();
  const query = useSignal("");
  const chosen = useSignal(0);
  const found = useComputed(() => search(actions, query.value));
  const run = (at: number) => {
    const action = found.peek()[at]?.action;
    if (action === undefined) return;
    // Closed first, so that a command that moves the focus has the last word.
    paletteOpen.value = false;
    action.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const last = found.peek().length - 1;
    if (event.key === "ArrowDown") chosen.value = chosen.peek() >= last ? 0 : chosen.peek() + 1;
    else if (event.key === "ArrowUp")
      chosen.value = chosen.peek() <= 0 ? Math.max(0, last) : chosen.peek() - 1;
    else if (event.key === "Enter") run(chosen.peek());
    else return;
    event.preventDefault();
    document.getElementById(`${id}-${chosen.peek()}`)?.scrollIntoView({ block: "nearest" });
  };
  return (
    <>
      <input
        class="text-input"
        role="combobox"
        aria-label="Find a command, a layer or a finding"
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={found.value.length > 0 ? `${id}-${chosen.value}` : undefined}
        placeholder="Type a few letters: log, magma, layer3, reset…"
        autocomplete="off"
        spellcheck={false}
        value={query.value}
        onInput={(event) => {
          query.value = event.currentTarget.value;
          chosen.value = 0;
        }}
        onKeyDown={onKeyDown}
      />
      <div id={id} class="palette-list" role="listbox" aria-label="Results">
        {found.value.map(({ action, at }, place) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys of the list.
          // biome-ignore lint/a11y/useFocusableInteractive: the field keeps the focus.
          <div
            key={`${action.name} ${action.hint}`}
            id={`${id}-${place}`}
            role="option"
            aria-selected={place === chosen.value}
            onClick={() => run(place)}
          >
            <span class="ellipsis">{marked(action.name, at)}</span>
            {action.current ? <span class="count">now</span> : null}
            {action.hint ? <span class="count">{action.hint}</span> : null}
          </div>
        ))}
      </div>
      <div class="palette-foot" role="status">
        {found.value.length === 0
          ? "Nothing matches these letters."
          : found.value.length === MOST_SHOWN
            ? `The ${MOST_SHOWN} best matches; type more letters to narrow them down.`
            : `${found.value.length} found`}
      </div>
    </>
  );
}

function search(actions: readonly Action[], query: string): readonly Found[] {
  const found = actions.flatMap((action): Found[] => {
    const match = fuzzyMatch(query, action.name);
    return match === null ? [] : [{ action, ...match }];
  });
  return found.sort((a, b) => b.score - a.score).slice(0, MOST_SHOWN);
}

/** The letters that were typed stand out. */
function marked(name: string, at: readonly number[]) {
  const starts = [0, ...at.flatMap((place) => [place, place + 1])];
  return starts.map((start, i) => {
    const part = name.slice(start, starts[i + 1]);
    return i % 2 === 1 ? <b key={start}>{part}</b> : part;
  });
}
