/** The bar at the top: what is asked for most. What it has no room for is in a menu at its end. */

import { useRef } from "preact/hooks";
import * as selection from "../../view/selection/selection";
import type { Choice } from "../../view/settings/setting";
import { filter, kind, layout, phase, runs, sort, transposed, view } from "../../view/settings/settings";
import { canGoBack, zoomed } from "../../view/settings/zoom";
import { CommandButton } from "../input/command_button";
import * as commands from "../input/commands";
import { FindingsMenu } from "../overlays/findings_menu";
import { later } from "../overlays/later";
import { ChoiceField } from "../settings/choice_field";
import { applies, choose, hintOf, inForce, isPicked, optionName, optionsOf } from "../settings/offers";
import { openRunList, paneOpen, runListOpen } from "../settings/open_state";
import { IconButton, Menu } from "../widgets/controls";
import { Icon } from "../widgets/icons";
import { useFolds } from "./fold";
import { Live } from "./live";

const More = later("More");
const CompareFields = later("CompareFields");
const Warnings = later("WarningsMenu");

export function Toolbar() {
  const bar = useRef<HTMLDivElement>(null);
  const folds = useFolds(bar);
  const ordering = hintOf(sort);
  const board = selection.boardOpen.value;
  const panels = !board && !selection.depthOpen.value;
  return (
    <div ref={bar} class="toolbar" data-fold={folds.value.join(" ")} role="toolbar" aria-label="View">
      <FilterBox />
      {panels ? (
        <span class="choices">
          <ChoiceField setting={sort} name="Sort" />
        </span>
      ) : null}
      {!board && applies(runs) ? <RunButton /> : null}
      {panels && selection.shownRuns.value.length > 1 ? (
        <span class="choices">
          <Menu icon="compare" text="Compare" tip="Compare the runs with one of them">
            <CompareFields />
          </Menu>
        </span>
      ) : null}
      <Segments setting={view} part="views" />
      <Segments setting={kind} part="kinds" />
      <span class="choices kind-list">
        <ChoiceField setting={kind} />
      </span>
      <span class="choices">
        <ChoiceField setting={phase} />
      </span>
      <span class="more">
        <Menu icon="more" tip="More choices">
          <More folds={folds.value} />
        </Menu>
      </span>
      <span class="spring" />
      {ordering === "" ? null : (
        <span class="chip" role="status" title="Layers are being examined before they are sorted">
          {ordering}
        </span>
      )}
      {canGoBack.value ? <CommandButton command={commands.back} icon="back" /> : null}
      {zoomed.value ? <CommandButton command={commands.resetZoom} icon="reset" named /> : null}
      <FindingsMenu />
      <Warnings />
      <Live />
      {panels ? <LayoutSwitch /> : null}
      <span class="end">
        <CommandButton command={commands.palette} icon="command" />
        <CommandButton command={commands.help} icon="help" />
      </span>
      <CommandButton command={commands.pane} icon="tune" pressed={paneOpen.value} />
    </div>
  );
}

/** Opens the list of runs, and says how many of them are shown. */
function RunButton() {
  return (
    <IconButton
      icon="runs"
      text={runs.label}
      badge={`${selection.shownRuns.value.length} of ${selection.runsWithData.value.length}`}
      tip={`${runs.tip} (R)`}
      pressed={runListOpen.value}
      onClick={() => openRunList(!runListOpen.peek())}
    />
  );
}

interface SegmentsProps {
  readonly setting: Choice;
  /** Class of the style sheet, by which it folds. */
  readonly part: string;
}

/** All options beside each other, where there is anything to choose. */
function Segments({ setting, part }: SegmentsProps) {
  if (!applies(setting)) return null;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be part of a bar without a legend.
    <span class={`switch ${part}`} role="group" aria-label={setting.label}>
      {optionsOf(setting).map((option) =>
        option.value === "auto" ? null : (
          <button
            key={option.value}
            type="button"
            class="button"
            title={optionName(setting, option)}
            aria-pressed={isPicked(setting, option.value)}
            onClick={() => choose<unknown>(setting, option.value)}
          >
            {option.label}
          </button>
        ),
      )}
    </span>
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

function LayoutSwitch() {
  const turned = selection.isTransposed.value;
  return (
    <span class="switch layouts">
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
        text={transposed.label}
        tip={`${transposed.label}: layers as columns, runs as rows`}
        pressed={inForce(transposed) === "1"}
        onClick={() => choose(transposed, turned ? "0" : "1")}
      />
    </span>
  );
}
