/** The pane at the right: everything that is set once and then left alone. */

import { orderProgress } from "../../view/findings/ranking";
import { narrow, panel_px, panelHeight_px } from "../../view/layout/metrics";
import { baselineRun } from "../../view/panel/compare";
import { NEEDS_LINKS, NEEDS_ONE_SCALE } from "../../view/panel/notes";
import { anyExpanded } from "../../view/screen/columns";
import { shownTags, tags } from "../../view/screen/scalars";
import * as selection from "../../view/selection/selection";
import * as settings from "../../view/settings/settings";
import { chooseRange } from "../../view/settings/zoom";
import { bound, Check, IconButton, Select, Slider, switched, toOptions } from "../widgets/controls";
import { AxisSelects } from "./axis_selects";
import { ColourSettings } from "./colour_settings";
import { BINS, OVERLAYS, RANGES, SORTS, STRIPS, toggled } from "./options";
import { paneOpen } from "./pane_state";
import { RangeFields } from "./range_fields";
import { ScopeSelect } from "./scope_select";

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
      <ColourSettings />
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
      <Select label="Order" tip="How the layers are ordered" options={SORTS} {...bound(settings.sort)} />
      {orderProgress.value < 1 ? (
        <Hint text={`looking at the layers: ${Math.round(orderProgress.value * 100)} %`} />
      ) : null}
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

function differs(): boolean {
  return settings.compare.value === "difference" && selection.runs.value.length > 1;
}

function Hint({ text }: { readonly text: string }) {
  return (
    <p class="facts-line" role="status">
      {text}
    </p>
  );
}

function Values() {
  return (
    <section>
      <h3>Value axis</h3>
      <Select
        label="Range"
        tip="Auto: the central 99.9 % of the values of all shown runs"
        value={settings.range.value}
        options={RANGES}
        onChange={chooseRange}
      />
      <RangeFields />
      <ScopeSelect label="Same axis" what="value axis" scope={settings.axisScope} />
      {differs() && settings.axisScope.value === "panel" ? <Hint text={NEEDS_ONE_SCALE} /> : null}
      <Select
        label="Bins"
        tip="Rows of a heatmap; counts are split in proportion where rows cut stored bins"
        value={String(settings.bins.value)}
        options={BINS}
        onChange={(value) => {
          settings.bins.value = Number(value);
        }}
      />
      <Check
        label="Zeros inside the heatmap too"
        tip="Exact zeros have a band of their own under the heatmap; this also counts them in the bin at 0"
        {...switched(settings.zerosInside)}
      />
      <Check
        label="Link axes and colours"
        tip="Runs of a layer share value axis and colours, all panels the time axis (L)"
        {...switched(settings.linked)}
      />
    </section>
  );
}

function Additions() {
  return (
    <>
      <section>
        <h3>On the heatmaps</h3>
        {OVERLAYS.map(({ value, label, tip }) => (
          <Check
            key={value}
            label={label}
            tip={tip}
            checked={settings.overlays.value.includes(value)}
            onChange={() => {
              settings.overlays.value = toggled(settings.overlays.value, value);
            }}
          />
        ))}
        <Select
          label="Strip below"
          tip="An area under each heatmap: shares fill 0 to 100 % of its height, distances up to the largest of the layer"
          options={STRIPS}
          {...bound(settings.strip)}
        />
        {settings.strip.value !== "none" && !anyExpanded.value ? (
          <Hint text="Only open layers have it." />
        ) : null}
        <Scalars />
      </section>
      <Compare />
      <StepHistogram />
    </>
  );
}

function Scalars() {
  if (tags.value.length === 0) return null;
  return (
    <fieldset class="types">
      <legend>Scalars above</legend>
      {tags.value.map((tag) => (
        <Check
          key={tag}
          label={tag}
          tip={`Draw ${tag} above the heatmaps`}
          checked={shownTags.value.includes(tag)}
          onChange={() => {
            settings.scalars.value = toggled(shownTags.value, tag);
          }}
        />
      ))}
    </fieldset>
  );
}

function Compare() {
  const names = selection.runs.value.map((run) => run.name);
  if (names.length < 2) return null;
  return (
    <section>
      <h3>Compare</h3>
      <Select
        label="Baseline"
        tip="The run that others are compared with"
        value={baselineRun()}
        options={toOptions(names)}
        onChange={(value) => {
          settings.baseline.value = value;
        }}
      />
      <Check
        label="Show differences to it"
        tip="Other runs show their share minus the baseline's: red more, blue less; runs are aligned by the time axis"
        checked={settings.compare.value === "difference"}
        onChange={(checked) => {
          settings.compare.value = checked ? "difference" : "none";
        }}
      />
      {differs() && !settings.linked.value ? <Hint text={NEEDS_LINKS} /> : null}
    </section>
  );
}

function StepHistogram() {
  return (
    <section>
      <h3>Step histogram</h3>
      <Select
        label="Runs"
        tip="How the runs' histograms of the pinned step stand to each other"
        options={toOptions(settings.SLICES)}
        {...bound(settings.sliceMode)}
      />
      <Check
        label="Log shares"
        tip="Shares of the step histogram on a log axis"
        {...switched(settings.sliceLog)}
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
