/** The sheet of keys and gestures. */

import * as commands from "../input/commands";
import type { KeyRow } from "../input/key_names";
import { GESTURES, KEYS } from "../input/key_sheet";
import { helpOpen } from "../settings/open_state";
import { Dialog } from "./dialog";
import { HowToRead } from "./how_to_read";

export function Help() {
  const { label } = commands.help;
  const close = () => {
    helpOpen.value = false;
  };
  return (
    <Dialog kind="help" label={label} title={label} close={close}>
      <HowToRead />
      <div class="help-columns">
        <Keys title="Keyboard" rows={KEYS} />
        <Keys title="Mouse and touch" rows={GESTURES} />
      </div>
    </Dialog>
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
