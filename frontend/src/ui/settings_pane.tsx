/** The pane at the right: everything that is set once and then left alone. */

import { COLORMAPS, type ColormapName } from "../draw/colormap";
import { narrow, panel_px, panelHeight_px } from "../state/metrics";
import * as selection from "../state/selection";
import * as settings from "../state/settings";
import { Check, IconButton, type Option, Select, Slider } from "./controls";
import { paneOpen } from "./pane_state";
import { RangeFields } from "./range_fields";
import { AxisSelects } from "./toolbar";

function toOptions<T extends string>(
  values: readonly T[],
  labels: Partial<Record<T, string>> = {},
): Option<T>[] {
  return values.map((value) => ({ value, label: labels[value] ?? value }));
}

export function SettingsPane() {
  if (!paneOpen.value) return null;
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
      {narrow.value ? (
        <section>
          <h3>Axes and colours</h3>
          <AxisSelects />
        </section>
      ) : null}
      <Layers />
      <Values />
      <Colours />
      <Additions />
      <Sizes />
    </aside>
  );
}

function Layers() {
  const types = selection.moduleTypes.value;
  return (
    <section>
      <h3>Layers</h3>
      <Select
        label="Order"
        tip="How the layers are ordered"
        value={settings.sort.value}
        options={toOptions(settings.SORTS, {
          model: "as in the model",
          name: "by name",
          change: "most change first",
          difference: "runs most different first",
        })}
        onChange={(value) => {
          settings.sort.value = value;
        }}
      />
      {types.length < 2 ? null : (
        <fieldset class="types">
          <legend>Module types</legend>
          {types.map((type) => (
            <Check
              key={type}
              label={type}
              tip={`Show ${type} layers`}
              checked={settings.types.value.length === 0 || settings.types.value.includes(type)}
              onChange={() => toggleType(type, types)}
            />
          ))}
        </fieldset>
      )}
    </section>
  );
}

/** No type chosen means all of them. */
function toggleType(type: string, all: readonly string[]): void {
  const now = settings.types.value.length === 0 ? all : settings.types.value;
  const next = now.includes(type) ? now.filter((other) => other !== type) : [...now, type];
  settings.types.value = next.length === all.length ? [] : next;
}

function Values() {
  return (
    <section>
      <h3>Value axis</h3>
      <Select
        label="Range"
        tip="Auto: the central 99.9 % of the values of all shown runs"
        value={settings.range.value}
        options={toOptions(settings.RANGES)}
        onChange={(value) => {
          settings.range.value = value;
        }}
      />
      <RangeFields />
      <Select
        label="Bins"
        tip="Rows of a heatmap; counts are split in proportion where rows cut stored bins"
        value={String(settings.bins.value)}
        options={[
          { value: "0", label: "auto" },
          ...["16", "32", "64", "128", "256", "512"].map((value) => ({ value, label: value })),
        ]}
        onChange={(value) => {
          settings.bins.value = Number(value);
        }}
      />
      <Check
        label="Zeros inside the heatmap too"
        tip="Exact zeros have a band of their own under the heatmap; this also counts them in the bin at 0"
        checked={settings.zerosInside.value}
        onChange={(checked) => {
          settings.zerosInside.value = checked;
        }}
      />
      <Check
        label="Link axes and colours"
        tip="Runs of a layer share value axis and colours, all panels the time axis (L)"
        checked={settings.linked.value}
        onChange={(checked) => {
          settings.linked.value = checked;
        }}
      />
    </section>
  );
}

function Colours() {
  return (
    <section>
      <h3>Colours</h3>
      <Select
        label="Same scale"
        tip="Which panels share one colour scale"
        value={settings.scope.value}
        options={toOptions(settings.SCOPES, {
          row: "for the runs of a layer",
          panel: "for each panel alone",
          all: "for everything",
        })}
        onChange={(value) => {
          settings.scope.value = value;
        }}
      />
      <Select<ColormapName>
        label="Map"
        tip="Cividis looks alike with and without colour-vision deficiency"
        value={settings.colormap.value}
        options={toOptions(COLORMAPS)}
        onChange={(value) => {
          settings.colormap.value = value;
        }}
      />
    </section>
  );
}

function Additions() {
  return (
    <section>
      <h3>Step histogram</h3>
      <Select
        label="Runs"
        tip="How the runs' histograms of the pinned step stand to each other"
        value={settings.sliceMode.value}
        options={toOptions(settings.SLICES)}
        onChange={(value) => {
          settings.sliceMode.value = value;
        }}
      />
      <Check
        label="Log counts"
        tip="Counts of the step histogram on a log axis"
        checked={settings.sliceLog.value}
        onChange={(checked) => {
          settings.sliceLog.value = checked;
        }}
      />
    </section>
  );
}

function Sizes() {
  return (
    <section>
      <h3>Size</h3>
      <Select
        label="Density"
        tip="Height of strips and panels"
        value={settings.density.value}
        options={toOptions(settings.DENSITIES)}
        onChange={(value) => {
          settings.density.value = value;
          settings.panelHeight_px.reset();
        }}
      />
      <Slider
        label="Width"
        tip="Width of a run's panels; double-click: as wide as the page allows"
        value={panel_px.value}
        min={230}
        max={1600}
        step={10}
        format={(value) => (settings.panelWidth_px.value === 0 ? "auto" : `${value} px`)}
        onInput={(value) => {
          settings.panelWidth_px.value = value;
        }}
        onReset={settings.panelWidth_px.reset}
      />
      <Slider
        label="Height"
        tip="Height of a panel; double-click: as the density has it"
        value={panelHeight_px.value}
        min={80}
        max={600}
        step={4}
        format={(value) => `${value} px`}
        onInput={(value) => {
          settings.panelHeight_px.value = value;
        }}
        onReset={settings.panelHeight_px.reset}
      />
    </section>
  );
}
