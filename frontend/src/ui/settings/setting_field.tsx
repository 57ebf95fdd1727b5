/** The control of any setting, as the table of settings describes it. */

import { type AnySetting, type Group, type List, settingsOf } from "../../view/settings/setting";
import { Icon } from "../widgets/icons";
import { Check, Slider } from "../widgets/inputs";
import { ChoiceField } from "./choice_field";
import { ColourLimits } from "./colour_limits";
import { applies, choose, hintOf, inForce, isPicked, optionsOf, pickOption, resetName } from "./offers";
import { fieldId } from "./open_state";
import { RangeFields } from "./range_fields";

/** Those of a group that there is anything to choose of. */
export function settingsIn(group: Group): readonly AnySetting[] {
  return settingsOf(group).filter(applies);
}

export function SettingFields({ group }: { readonly group: Group }) {
  return (
    <>
      {settingsIn(group).map((setting) => (
        <SettingField key={setting.name} setting={setting} />
      ))}
    </>
  );
}

/** Nothing where there is nothing to choose. */
export function SettingField({ setting }: { readonly setting: AnySetting }) {
  if (!applies(setting)) return null;
  const hint = hintOf(setting);
  return (
    <>
      {isResettable(setting) ? (
        <div class="setting">
          <Control setting={setting} />
          <button
            type="button"
            class="button icon-only"
            title={resetName(setting)}
            onClick={() => choose<unknown>(setting, setting.initial)}
          >
            <Icon name="reset" />
            <span class="visually-hidden">{resetName(setting)}</span>
          </button>
        </div>
      ) : (
        <Control setting={setting} />
      )}
      {hint === "" ? null : (
        <p class="facts-line" role="status">
          {hint}
        </p>
      )}
    </>
  );
}

/** Boxes say themselves how they were; what is typed into several fields has a button of its own. */
function isResettable(setting: AnySetting): boolean {
  return (setting.form === "choice" || setting.form === "amount") && setting.write() !== undefined;
}

function Control({ setting }: { readonly setting: AnySetting }) {
  const { label, name } = setting;
  const words = { label, tip: tipOf(setting) };
  switch (setting.form) {
    case "flag":
      return <Check {...words} checked={inForce(setting)} onChange={(checked) => choose(setting, checked)} />;
    case "choice":
      return <ChoiceField setting={setting} />;
    case "list":
      return <Checks setting={setting} />;
    case "amount":
      return (
        <Slider
          {...words}
          id={fieldId(name)}
          value={inForce(setting)}
          min={setting.min}
          max={setting.max}
          step={setting.step}
          text={setting.show(setting.value)}
          onInput={(value) => choose(setting, value)}
          onReset={setting.reset}
        />
      );
    case "own": {
      const Fields = OWN_FIELDS[name];
      return Fields && <Fields id={fieldId(name)} />;
    }
  }
}

/** Settings of the pane that are more than a list or a number. */
export const OWN_FIELDS: Readonly<Record<string, typeof RangeFields | typeof ColourLimits>> = {
  manualRange: RangeFields,
  colourLimits: ColourLimits,
};

function Checks({ setting }: { readonly setting: List }) {
  return (
    <fieldset class="types" title={setting.tip}>
      <legend>{setting.label}</legend>
      {optionsOf(setting).map(({ value, label, tip = label }) => (
        <Check
          key={value}
          label={label}
          tip={tip}
          checked={isPicked(setting, value)}
          onChange={() => pickOption(setting, value)}
        />
      ))}
    </fieldset>
  );
}

/** What it does, and the key that does the same. */
export function tipOf(setting: AnySetting): string {
  const key = setting.form === "flag" ? setting.shortcut : undefined;
  return key === undefined ? setting.tip : `${setting.tip} (${key})`;
}
