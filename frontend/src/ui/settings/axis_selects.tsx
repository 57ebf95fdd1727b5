/** What the axes and colours stand for: in the toolbar, or in the settings pane where that has no room. */

import { epochs } from "../../view/panel/panel_times";
import * as settings from "../../view/settings/settings";
import { chooseTime } from "../../view/settings/zoom";
import { bound, Select } from "../widgets/controls";
import { CURVES, QUANTITIES, SCALES, TIMES } from "./options";

export function AxisSelects() {
  return (
    <>
      <Select
        label="Time"
        tip="What the horizontal axis counts; runs are aligned by it"
        value={settings.time.value}
        options={TIMES.filter(({ value }) => value !== "epoch" || epochs.value.size > 0)}
        onChange={chooseTime}
      />
      <Select
        label="Values"
        tip="Scale of the value axis. Auto: linear, or symlog where runs differ widely in size"
        options={SCALES}
        {...bound(settings.scale)}
      />
      <Select
        label="Colour"
        tip="What a cell's colour stands for"
        options={QUANTITIES}
        {...bound(settings.quantity)}
      />
      <Select
        label="as"
        tip="How colours are spread: log also shows rare values"
        options={CURVES}
        {...bound(settings.curve)}
      />
    </>
  );
}
