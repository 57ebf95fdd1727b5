/** What the toolbar has no room for. */

import { kind, layout, phase, sort, strip, transposed, view } from "../../view/settings/settings";
import { canGoBack } from "../../view/settings/zoom";
import { CommandButton } from "../input/command_button";
import * as commands from "../input/commands";
import { ChoiceField } from "../settings/choice_field";
import { SettingField, SettingFields } from "../settings/setting_field";
import type { Fold } from "./fold";

export function More({ folds }: { readonly folds: readonly Fold[] }) {
  return (
    <div class="fields">
      {folds.includes("views") ? <ChoiceField setting={view} /> : null}
      {folds.includes("choices") ? (
        <>
          <ChoiceField setting={sort} />
          <ChoiceField setting={kind} />
          <ChoiceField setting={phase} />
          <SettingFields group="Compare" />
        </>
      ) : null}
      {folds.includes("wrap") ? (
        <>
          <ChoiceField setting={layout} />
          <ChoiceField setting={transposed} />
          {canGoBack.value ? <CommandButton command={commands.back} icon="back" named /> : null}
        </>
      ) : null}
      <div class="menu-foot">
        <CommandButton command={commands.palette} icon="command" />
        <CommandButton command={commands.help} icon="help" />
      </div>
    </div>
  );
}

/** With the strip, which may show distances between runs. */
export function CompareFields() {
  return (
    <div class="fields">
      <SettingFields group="Compare" />
      <SettingField setting={strip} />
    </div>
  );
}
