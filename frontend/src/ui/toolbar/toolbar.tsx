/** The bar at the top: what is asked for most. Everything else is in the settings pane beside it. */

import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { frame, narrow } from "../../view/layout/metrics";
import * as selection from "../../view/selection/selection";
import { filter, kind, layout, phase, sort, transposed, view } from "../../view/settings/settings";
import { canGoBack, zoomed } from "../../view/settings/zoom";
import { CommandButton } from "../input/command_button";
import * as commands from "../input/commands";
import { FindingsMenu } from "../overlays/findings_menu";
import { choose, hintOf, inForce, isPicked, optionName, optionsOf } from "../settings/offers";
import { paneOpen } from "../settings/open_state";
import { SettingField, SettingFields } from "../settings/setting_field";
import { IconButton, Menu } from "../widgets/controls";
import { Icon } from "../widgets/icons";
import { Live } from "./live";
import { RunMenu } from "./run_menu";
import { WarningsMenu } from "./warnings";

/** All in the bar; what is chosen rarely in a menu; or two lines, for phones. */
type Room = "all" | "compact" | "narrow";

const NARROW_PX = 700;
/** In less room the view is chosen in the menu. */
const SWITCH_PX = 980;
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
  const ordering = hintOf(sort);
  const board = selection.boardOpen.value;
  return (
    <div ref={bar} class={`toolbar bar-${room}`} role="toolbar" aria-label="View">
      <FilterBox />
      <RunMenu />
      {room === "narrow" && (board || selection.manyRuns.value) ? (
        <SettingField setting={view} />
      ) : board || frame.value.width_px >= SWITCH_PX ? (
        <ViewSwitch />
      ) : null}
      {room === "narrow" && !board ? null : <KindSelect />}
      {board ? null : room === "all" ? (
        <>
          <span class="divider" />
          <SettingFields group="Axes and colours" />
        </>
      ) : (
        <More room={room} />
      )}
      <span class="spring" />
      {ordering === "" ? null : (
        <span class="chip" role="status" title="Layers are being examined before they are sorted">
          {ordering}
        </span>
      )}
      {canGoBack.value ? <CommandButton command={commands.back} icon="back" /> : null}
      {zoomed.value && !narrow.value ? (
        <CommandButton command={commands.resetZoom} icon="reset" named />
      ) : null}
      <FindingsMenu />
      <WarningsMenu />
      <Live />
      <span class="tools">
        {room === "narrow" ? null : <CommandButton command={commands.palette} icon="command" />}
        {board || selection.depthOpen.value ? null : <LayoutSwitch />}
        {room === "all" || board ? <CommandButton command={commands.help} icon="help" /> : null}
        <CommandButton command={commands.pane} icon="tune" pressed={paneOpen.value} />
      </span>
    </div>
  );
}

/** Panels of some runs, the board of all, or layers by depth. */
function ViewSwitch() {
  return (
    <span class="switch">
      {optionsOf(view).map((option) =>
        option.value === "auto" ? null : (
          <button
            key={option.value}
            type="button"
            class="button"
            title={optionName(view, option)}
            aria-pressed={isPicked(view, option.value)}
            onClick={() => choose(view, option.value)}
          >
            {option.label}
          </button>
        ),
      )}
    </span>
  );
}

/** What the bar has no room for. */
function More({ room }: { readonly room: Room }) {
  return (
    <Menu icon="more" tip="Axes, colours and help">
      <div class="more">
        {frame.value.width_px < SWITCH_PX ? <SettingField setting={view} /> : null}
        {room === "narrow" ? <KindSelect /> : null}
        <SettingFields group="Axes and colours" />
        <div class="menu-foot">
          {room === "narrow" ? <CommandButton command={commands.palette} icon="command" /> : null}
          <CommandButton command={commands.help} icon="help" />
        </div>
      </div>
    </Menu>
  );
}

function FilterBox() {
  const { error } = selection.layerFilter.value;
  const found = selection.layers.value.length;
  const all = selection.allLayers.value.length;
  return (
    <div class={`filter${error ? " bad" : ""}`}>
      <Icon name="search" />
      <input
        id={commands.FILTER_ID}
        type="search"
        placeholder={`${filter.label}: words or /regex/`}
        aria-label={filter.label}
        title={filter.tip}
        aria-invalid={error !== ""}
        aria-describedby="filter-status"
        value={filter.value}
        onInput={(event) => {
          filter.value = event.currentTarget.value;
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

/** Shown only where there is something to choose. */
function KindSelect() {
  return (
    <>
      <SettingField setting={kind} />
      <SettingField setting={phase} />
    </>
  );
}

function LayoutSwitch() {
  return (
    <span class="switch">
      {layout.options.map((option) =>
        option.value === "auto" ? null : (
          <IconButton
            key={option.value}
            icon={option.value}
            tip={optionName(layout, option)}
            pressed={isPicked(layout, option.value)}
            onClick={() => choose(layout, option.value)}
          />
        ),
      )}
      <IconButton
        icon="transpose"
        tip={transposed.label}
        pressed={inForce(transposed)}
        onClick={() => choose(transposed, !inForce(transposed))}
      />
    </span>
  );
}
