/** The sheet of keys and gestures. */

import { useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { helpOpen, KEYS, type KeyHelp, MOUSE } from "../input/keys";
import { IconButton } from "../widgets/controls";

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
      aria-label="Keys and gestures"
      onClose={() => {
        helpOpen.value = false;
      }}
    >
      <div class="pane-head">
        <h2>Keys and gestures</h2>
        <IconButton
          icon="close"
          tip="Close"
          onClick={() => {
            helpOpen.value = false;
          }}
        />
      </div>
      {helpOpen.value ? (
        <div class="help-columns">
          <Keys title="Keyboard" entries={KEYS} />
          <Keys title="Mouse and touch" entries={MOUSE} />
        </div>
      ) : null}
    </dialog>
  );
}

function Keys({ title, entries }: { readonly title: string; readonly entries: readonly KeyHelp[] }) {
  return (
    <section>
      <h3>{title}</h3>
      <dl>
        {entries.map(({ keys, does }) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
