/** The pane at the right: everything that is set once and then left alone. */

import { roomyCorner } from "../../view/layout/metrics";
import { type Group, PANE_GROUPS } from "../../view/settings/setting";
import { IconButton } from "../widgets/controls";
import { paneOpen } from "./open_state";
import { SettingFields, settingsIn } from "./setting_field";

export function SettingsPane() {
  if (!paneOpen.value) return null;
  const groups = roomyCorner.value ? PANE_GROUPS.slice(1) : PANE_GROUPS;
  return (
    <aside class="pane" aria-label="Settings">
      <div class="pane-head">
        <h2>Settings</h2>
        <IconButton
          icon="close"
          tip="Close the settings"
          onClick={() => {
            paneOpen.value = false;
          }}
        />
      </div>
      {groups.map((group) => (
        <Section key={group} group={group} />
      ))}
    </aside>
  );
}

function Section({ group }: { readonly group: Group }) {
  if (settingsIn(group).length === 0) return null;
  return (
    <section>
      <h3>{group}</h3>
      <SettingFields group={group} />
    </section>
  );
}
