/** The incident as a chain: its layers in the order of spread, with loss, learning rate and size of the gradients. */

import { useRef } from "preact/hooks";
import { recordEnd } from "../../math/column_spans";
import { formatCounted, formatExact, nameSteps } from "../../math/format";
import { AXIS_NAMES } from "../../math/step_axis";
import type { Columns } from "../../math/tile";
import type { FindingAnswer } from "../../series/types";
import { showInRun } from "../../view/board/reveal_incident";
import { openFinding } from "../../view/findings/explained";
import { type ChainLayer, chain, drawnChain, layersDrawn, tileOf } from "../../view/findings/incident_data";
import { explainedIncident } from "../../view/findings/incidents";
import { endSteps, sharedAxis } from "../../view/panel/known_panels";
import * as settings from "../../view/settings/settings";
import { box } from "../widgets/box";
import { Curves } from "./curves";
import { Strip } from "./strip";
import { Ticks } from "./ticks";
import { stepToPx } from "./time_axis";
import { useWidth } from "./width";

const TICK_EVERY_PX = 90;

export function Chain({ finding }: { readonly finding: FindingAnswer }) {
  const tracks = useRef<HTMLDivElement>(null);
  const width_px = useWidth(tracks).value;
  const more = chain.value.length - drawnChain.value.length;
  const place_px = beginPx(finding, width_px);
  const axis = sharedAxis.value;
  const most = Math.max(2, Math.floor(width_px / TICK_EVERY_PX));
  return (
    <div class="chain">
      <ol>
        {drawnChain.value.map((layer, at) => (
          <Layer
            key={layer.tag}
            layer={layer}
            at={at}
            begin={drawnChain.value[0]?.first_step ?? 0}
            width_px={width_px}
          />
        ))}
      </ol>
      {more > 0 ? (
        <button
          type="button"
          class="button text"
          onClick={() => {
            layersDrawn.value = Number.POSITIVE_INFINITY;
          }}
        >
          Show {formatCounted(more, "more layer")}
        </button>
      ) : null}
      <Curves finding={finding} width_px={width_px} />
      <div class="chain-line">
        <span class="facts-line">{AXIS_NAMES[settings.time.value]}</span>
        <div ref={tracks} class="chain-axis" aria-hidden="true">
          <Ticks ticks={axis.ticks(most, endSteps(axis))} />
          {Number.isNaN(place_px) ? null : <i class="chain-begin" style={box({ left: place_px })} />}
        </div>
      </div>
    </div>
  );
}

/** What else is reported of the incident: each leads to its own explanation. */
export function Others({ finding }: { readonly finding: FindingAnswer }) {
  const others = explainedIncident.value?.filter(({ title }) => title !== finding.title) ?? [];
  if (others.length === 0) return null;
  return (
    <>
      <h3>The same incident</h3>
      <ul class="incident-others">
        {others.map((other) => (
          <li key={other.title}>
            <button type="button" class="button text" onClick={() => openFinding(other)}>
              {other.title}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Where the incident begins. */
function beginPx({ run, first_step, tags }: FindingAnswer, width_px: number): number {
  const columns = tileOf(tags[0] ?? "")?.columns;
  return columns?.length ? stepToPx(run, first_step, columns, width_px) : Number.NaN;
}

interface LayerProps {
  readonly layer: ChainLayer;
  /** Place in the chain, from 0. */
  readonly at: number;
  /** First step of the first layer; others may show the incident a few steps before it. */
  readonly begin: number;
  readonly width_px: number;
}

function Layer({ layer, at, begin, width_px }: LayerProps) {
  const { finding, layer: name, tag, first_step, last_step } = layer;
  const tile = tileOf(tag);
  const steps = nameSteps(first_step, last_step);
  const since =
    at === 0
      ? `step ${formatExact(first_step)}`
      : first_step === begin
        ? "same step"
        : `${first_step > begin ? "+" : "−"}${Math.abs(first_step - begin)}`;
  return (
    <li class="chain-line">
      <button
        type="button"
        class="chain-name"
        title={`${finding.title} (${steps}). Click: show this layer`}
        onClick={() => showInRun(finding.run, tag)}
      >
        <span class={`chain-place ${finding.severity}`}>{at + 1}</span>
        <span class="ellipsis">{name}</span>
        <span class="facts-line">{since}</span>
      </button>
      <div class="chain-track">
        {tile && <Strip tile={tile} width_px={width_px} label={`${name}, ${steps}`} />}
        {tile?.columns.length ? <Bar layer={layer} columns={tile.columns} width_px={width_px} /> : null}
      </div>
    </li>
  );
}

interface BarProps {
  readonly layer: ChainLayer;
  readonly columns: Columns;
  readonly width_px: number;
}

/** From the first step that shows it to the end of the last record that does. */
function Bar({ layer: { finding, first_step, last_step }, columns, width_px }: BarProps) {
  const from_px = stepToPx(finding.run, first_step, columns, width_px);
  const to_px = stepToPx(finding.run, last_step, columns, width_px, recordEnd);
  // Neither holds where the run has no place on the axis.
  if (!(to_px > from_px)) return null;
  return (
    <i
      class={`chain-bar ${finding.severity}`}
      style={box({ left: from_px, width: Math.max(3, to_px - from_px) })}
    />
  );
}
