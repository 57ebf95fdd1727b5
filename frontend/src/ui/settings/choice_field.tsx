/** The control of a setting that is one of some options, as the table of settings describes it. */

import type { Choice } from "../../view/settings/setting";
import { Select } from "../widgets/controls";
import { applies, choose, inForce, isEnabled, optionsOf } from "./offers";

interface Props {
  readonly setting: Choice;
  /** Before the field, where the setting's own name is too long for its place. */
  readonly name?: string;
}

/** Nothing where there is nothing to choose. */
export function ChoiceField({ setting, name = setting.label }: Props) {
  if (!applies(setting)) return null;
  return (
    <Select
      label={name}
      tip={setting.tip}
      value={inForce(setting)}
      options={optionsOf(setting)}
      disabled={!isEnabled(setting)}
      onChange={(value) => choose(setting, value)}
    />
  );
}
