/** The sheet of keys and gestures. */

import { useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import * as commands from "../input/commands";
import type { KeyRow } from "../input/key_names";
import { GESTURES, KEYS } from "../input/key_sheet";
import { helpOpen } from "../settings/open_state";
import { IconButton } from "../widgets/controls";
import { HowToRead } from "./how_to_read";

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  useSignalEffect(() => {
    const element = dialog.current;
    if (helpOpen.value && !element?.open) element?.showModal();
    if (!helpOpen.value && element?.open) element.close();
  });
  return (
    <dialog
      ref={dialog}
      class="help"
      aria-label={commands.help.label}
      onClose={() => {
        helpOpen.value = false;
      }}
    >
      <div class="pane-head">
        <h2>{commands.help.label}</h2>
        <IconButton
          icon="close"
          tip="Close"
          onClick={() => {
            helpOpen.value = false;
          }}
        />
      </div>
      {helpOpen.value ? (
        <>
          <HowToRead />
          <div class="help-columns">
            <Keys title="Keyboard" rows={KEYS} />
            <Keys title="Mouse and touch" rows={GESTURES} />
          </div>
        </>
      ) : null}
    </dialog>
  );
}

function Keys({ title, rows }: { readonly title: string; readonly rows: readonly KeyRow[] }) {
  return (
    <section>
      <h3>{title}</h3>
      <dl>
        {rows.map(({ keys, does }) => (
          <div key={does}>
            <dt>
              <kbd>{keys.join("  or  ")}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
