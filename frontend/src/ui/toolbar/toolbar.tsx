/** The bar at the top: what is asked for most. Everything else is in the settings pane beside it. */

import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { orderProgress } from "../../view/findings/ranking";
import * as selection from "../../view/selection/selection";
import * as settings from "../../view/settings/settings";
import { canGoBack, goBack, resetZoom, zoomed } from "../../view/settings/zoom";
import { helpOpen } from "../input/keys";
import { FindingsMenu } from "../overlays/findings_view";
import { AxisSelects } from "../settings/axis_selects";
import { paletteOpen, paneOpen } from "../settings/pane_state";
import { IconButton, Menu, Select } from "../widgets/controls";
import { Icon } from "../widgets/icons";
import { Live } from "./live";
import { RunMenu } from "./run_menu";
import { Warnings } from "./warnings";

/** All in the bar; what is chosen rarely in a menu; or two lines, for phones. */
type Room = "all" | "compact" | "narrow";

const NARROW_PX = 700;
const COMPACT_PX = 1390;
/** Kind and phase take as much more. */
const CHOICES_PX = 240;

function useRoom(bar: RefObject<HTMLDivElement | null>): Room {
  const width_px = useSignal(document.documentElement.clientWidth);
  useEffect(() => {
    const element = bar.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      // A hidden tab has no width.
      if (element.clientWidth > 0) width_px.value = element.clientWidth;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [bar, width_px]);
  if (width_px.value < NARROW_PX) return "narrow";
  const choices = Number(selection.kinds.value.length > 1) + Number(selection.phases.value.length > 1);
  return width_px.value < COMPACT_PX + (choices * CHOICES_PX) / 2 ? "compact" : "all";
}

export function Toolbar() {
  const bar = useRef<HTMLDivElement>(null);
  const room = useRoom(bar);
  return (
    <div ref={bar} class={`toolbar bar-${room}`} role="toolbar" aria-label="View">
      <FilterBox />
      <RunMenu />
      {room === "narrow" ? null : <KindSelect />}
      {room === "all" ? (
        <>
          <span class="divider" />
          <AxisSelects />
        </>
      ) : (
        <More room={room} />
      )}
      <span class="spring" />
      {orderProgress.value < 1 ? (
        <span class="chip" role="status" title="Layers are looked at before they are ordered">
          ordering {Math.round(orderProgress.value * 100)} %
        </span>
      ) : null}
      {canGoBack.value ? <IconButton icon="back" tip="Back to the zoom before (Z)" onClick={goBack} /> : null}
      {zoomed.value ? (
        <IconButton
          icon="reset"
          text="Reset zoom"
          tip="Show everything (double-click, Esc)"
          onClick={resetZoom}
        />
      ) : null}
      <FindingsMenu />
      <Warnings />
      <Live />
      <span class="tools">
        {room === "narrow" ? null : <PaletteButton />}
        <LayoutSwitch />
        {room === "all" ? <HelpButton /> : null}
        <IconButton
          icon="tune"
          tip="More settings"
          pressed={paneOpen.value}
          onClick={() => {
            paneOpen.value = !paneOpen.value;
          }}
        />
      </span>
    </div>
  );
}

/** What the bar has no room for. */
function More({ room }: { readonly room: Room }) {
  return (
    <Menu icon="more" tip="Axes, colours and help">
      <div class="more">
        {room === "narrow" ? <KindSelect /> : null}
        <AxisSelects />
        <div class="menu-foot">
          {room === "narrow" ? <PaletteButton /> : null}
          <HelpButton />
        </div>
      </div>
    </Menu>
  );
}

function PaletteButton() {
  return (
    <IconButton
      icon="command"
      tip="Commands, layers and findings (Ctrl+K)"
      onClick={() => {
        paletteOpen.value = true;
      }}
    />
  );
}

function HelpButton() {
  return (
    <IconButton
      icon="help"
      tip="Keys and gestures (?)"
      onClick={() => {
        helpOpen.value = true;
      }}
    />
  );
}

function FilterBox() {
  const { error } = selection.filter.value;
  const found = selection.layers.value.length;
  const all = selection.allLayers.value.length;
  return (
    <div class={`filter${error ? " bad" : ""}`}>
      <Icon name="search" />
      <input
        id="layer-filter"
        type="search"
        placeholder="Filter layers: words or /regex/"
        aria-label="Filter layers by words or a /regular expression/"
        title="Words that must occur in a layer's name, or a /regular expression/"
        aria-invalid={error !== ""}
        aria-describedby="filter-status"
        value={settings.filter.value}
        onInput={(event) => {
          settings.filter.value = event.currentTarget.value;
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
      <span
        id="filter-status"
        class="filter-status"
        role="status"
        title={error || `${found} of ${all} layers`}
      >
        {error || (found === all ? `${all}` : `${found} of ${all}`)}
      </span>
    </div>
  );
}

const KIND_LABELS: Readonly<Record<string, string>> = {
  activations: "activations",
  gradients: "gradients",
  weights: "weights",
  weight_gradients: "weight gradients",
  updates: "updates",
  histograms: "other histograms",
};

/** Shown only where there is something to choose. */
function KindSelect() {
  return (
    <>
      {selection.kinds.value.length < 2 ? null : (
        <Select
          label="Of"
          tip="What the histograms are of"
          value={selection.kind.value}
          options={selection.kinds.value.map((value) => ({ value, label: KIND_LABELS[value] ?? value }))}
          onChange={(value) => {
            settings.kind.value = value;
          }}
        />
      )}
      {selection.phases.value.length < 2 ? null : (
        <Select
          label="in"
          tip="Training or evaluation"
          value={selection.phase.value}
          options={selection.phases.value.map((value) => ({ value, label: value }))}
          onChange={(value) => {
            settings.phase.value = value;
          }}
        />
      )}
    </>
  );
}

function LayoutSwitch() {
  const now = selection.layout.value;
  const choose = (layout: settings.Layout) => {
    settings.layout.value = layout;
    settings.toggled.value = [];
  };
  return (
    <span class="switch">
      <IconButton
        icon="strips"
        tip="Overview: one thin strip per layer"
        pressed={now === "strips"}
        onClick={() => choose("strips")}
      />
      <IconButton
        icon="panels"
        tip="Panels: every layer with its axes"
        pressed={now === "panels"}
        onClick={() => choose("panels")}
      />
      <IconButton
        icon="transpose"
        tip="Transpose: layers as columns"
        pressed={settings.transposed.value}
        onClick={() => {
          settings.transposed.value = !settings.transposed.value;
        }}
      />
    </span>
  );
}
