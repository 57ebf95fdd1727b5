/** What is under the pointer on the board. */

import { nameSteps } from "../../math/format";
import { cell_px, recordColumns } from "../../view/board/board_layout";
import { findCell } from "../../view/board/cells";
import { findingsIn } from "../../view/board/health";
import { nearestHealthy } from "../../view/board/nearest";
import { seriesOf } from "../../view/board/open_cell";
import { hasStage } from "../../view/board/stages";
import { place } from "../input/pointer";
import { box } from "../widgets/box";
import { pointedAt, stageAt } from "./place";

const AWAY_PX = 16;
const FEW = 3;

export function BoardTip() {
  const at = pointedAt.value;
  const stage = at === null ? undefined : stageAt(at.column);
  if (at === null || stage === undefined) return null;
  const { run } = at;
  const { x, y } = place.value;
  const { innerWidth, innerHeight } = window;
  const style = {
    ...(x > innerWidth / 2 ? { right: innerWidth - x + cell_px.value / 2 } : { left: x + AWAY_PX }),
    ...(y > innerHeight / 2 ? { bottom: innerHeight - y + AWAY_PX } : { top: y + AWAY_PX }),
  };
  const here = hasStage(run, stage);
  const found = findingsIn(run, stage.tags);
  const series = seriesOf(run, stage);
  const near = here ? nearestHealthy(run, series.runs) : undefined;
  const error = findCell(run, stage.series, recordColumns.value)?.error ?? "";
  return (
    <div class="tooltip board-tip" style={box(style)} aria-hidden="true">
      <strong>
        {stage.path
          ? `${stage.path}: ${stage.layers.length} layers, drawn: ${stage.series.layer}`
          : series.layer}
      </strong>
      <div>{run}</div>
      {here ? null : <div class="note">This run has no such layer.</div>}
      {error === "" ? null : <div class="note">{error}</div>}
      {found.slice(0, FEW).map((finding) => (
        <div key={`${finding.kind} ${finding.first_step}`} class={`severity ${finding.severity}`}>
          {finding.title} ({nameSteps(finding.first_step, finding.last_step)})
        </div>
      ))}
      {found.length > FEW ? <div class="note">and {found.length - FEW} more</div> : null}
      {here ? (
        <div class="note">
          Click: {series.layer}{" "}
          {near === undefined ? "alone; no healthy run has it" : `beside the nearest healthy run, ${near}`}
        </div>
      ) : null}
    </div>
  );
}
