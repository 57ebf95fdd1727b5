/** The pane at the right: everything that is set once and then left alone. */

import { roomyCorner } from "../../view/layout/metrics";
import { type Group, PANE_GROUPS, settingsOf } from "../../view/settings/setting";
import { IconButton } from "../widgets/controls";
import { choose } from "./offers";
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
      <ResetAll groups={groups} />
    </aside>
  );
}

/** Of this pane; what is shown, zoomed and pinned stays. */
function ResetAll({ groups }: { readonly groups: readonly Group[] }) {
  const changed = groups.flatMap(settingsOf).filter((setting) => setting.write() !== undefined);
  return (
    <button
      type="button"
      class="button"
      title="Every setting of this pane as it was at first; what is shown, zoomed and pinned stays"
      disabled={changed.length === 0}
      onClick={() => {
        for (const setting of changed) choose<unknown>(setting, setting.initial);
      }}
    >
      Reset settings
    </button>
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
