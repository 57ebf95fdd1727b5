/** Findings: marks on the time axis, badges beside names, and the list of all. */

import { formatSteps } from "../../math/format";
import { stepToUnit } from "../../math/step_axis";
import type { Figure, Finding } from "../../series/types";
import { dark } from "../../view/catalog/catalog";
import {
  differences,
  errors,
  findingsOf,
  findingsOfRun,
  findingsOfTag,
  pending,
  sorted,
} from "../../view/findings/findings";
import { panel_px, plot_px } from "../../view/layout/metrics";
import type { PanelView } from "../../view/panel/panel_view";
import { showFinding } from "../../view/screen/reveal";
import { runColour, runs } from "../../view/selection/selection";
import { box } from "../widgets/box";
import { Menu } from "../widgets/controls";
import { Icon } from "../widgets/icons";

/** Width of a column in which a badge of a word leaves enough of the run's name. */
const ROOM_FOR_WORDS_PX = 300;
/** Layers of a difference that are listed without being asked for. */
const FEW_LAYERS = 8;

/** Id of the list. */
const LIST = "findings";

/** Where and how long, on the panel's own time axis; they open the list. */
export function FindingMarks({ panel }: { readonly panel: PanelView }) {
  const found = findingsOf(panel);
  const clock = panel.clock.value;
  const columns = panel.data.tile.value?.columns;
  if (found.length === 0 || clock === null || !columns) return null;
  const axis = panel.liveAxis.value;
  const place = (step: number) => axis.unitToPx(stepToUnit(axis.kind, step, columns, clock), plot_px.value);
  return (
    <>
      {found.map((finding) => {
        const from_px = Math.max(0, place(finding.first_step));
        const to_px = Math.min(plot_px.value, place(finding.last_step + 1));
        // Neither holds where the run has no place on the axis.
        if (!(to_px >= 0 && from_px <= plot_px.value)) return null;
        return (
          <button
            key={`${finding.kind} ${finding.first_step}`}
            type="button"
            class={`finding-mark ${finding.severity}`}
            style={box({ left: from_px, width: Math.max(3, to_px - from_px) })}
            title={describe(finding)}
            tabIndex={panel.layer.open.value ? 0 : -1}
            {...{ popovertarget: LIST }}
          />
        );
      })}
    </>
  );
}

function describe(finding: Finding): string {
  return `${finding.title} (steps ${formatSteps(finding.first_step, finding.last_step)}). ${finding.advice}`;
}

/** The worst finding of a layer in any shown run, with their number. */
export function FindingBadge({ tag, short }: { readonly tag: string; readonly short: boolean }) {
  return <Badge found={findingsOfTag(tag)} short={short} words={(one) => `${one.run}: ${one.title}`} />;
}

/** The worst finding of a run in any layer, with their number. */
export function RunBadge({ run }: { readonly run: string }) {
  const short = panel_px.value < ROOM_FOR_WORDS_PX;
  return <Badge found={findingsOfRun(run)} short={short} words={(one) => one.title} />;
}

interface BadgeProps {
  readonly found: readonly Finding[];
  readonly short: boolean;
  readonly words: (finding: Finding) => string;
}

function Badge({ found, short, words }: BadgeProps) {
  const worst = found[0];
  if (worst === undefined) return null;
  const count = `${found.length} ${found.length === 1 ? "finding" : "findings"}`;
  const all = found.map(words).join("\n");
  return (
    <button
      type="button"
      class={`badge ${worst.severity}`}
      title={all}
      aria-label={`${count}. ${all}`}
      onClick={() => showFinding(worst)}
    >
      {short ? found.length : count}
    </button>
  );
}

export function FindingsMenu() {
  const found = sorted.value;
  const apart = differences.value;
  const waiting = pending.value;
  const failed = errors.value;
  if (found.length + apart.length + waiting + failed.length === 0) return null;
  return (
    <Menu
      id={LIST}
      icon="findings"
      text="Findings"
      tip="What looks wrong, worst first"
      badge={String(found.length)}
    >
      {found.length === 0 && waiting === 0 ? <p class="facts-line">Nothing looks wrong.</p> : null}
      <ol class="findings">
        {found.map((finding, at) => (
          <FindingItem key={key(finding)} finding={finding} advises={finding.kind !== found[at - 1]?.kind} />
        ))}
      </ol>
      {apart.map((finding) => (
        <DifferenceItems key={key(finding)} finding={finding} />
      ))}
      {waiting > 0 ? <p class="facts-line">{waiting} series not looked at yet</p> : null}
      {failed.map((sentence) => (
        <p key={sentence} class="facts-line severity error">
          {sentence}
        </p>
      ))}
    </Menu>
  );
}

/** To what a line of the list tells of; the list would cover it. */
function follow(event: { readonly currentTarget: HTMLElement }, finding: Finding): void {
  showFinding(finding);
  event.currentTarget.closest<HTMLElement>("[popover]")?.hidePopover();
}

function key({ run, kind, tags, first_step }: Finding): string {
  return `${run} ${kind} ${tags[0] ?? ""} ${first_step}`;
}

interface ItemProps {
  readonly finding: Finding;
  /** Whether the advice is written out: of several of one kind, the first one's is enough. */
  readonly advises: boolean;
}

function FindingItem({ finding, advises }: ItemProps) {
  const { layers, severity } = finding;
  return (
    <li>
      <button
        type="button"
        title={advises ? undefined : finding.advice}
        onClick={(event) => follow(event, finding)}
      >
        <span class={`severity ${severity}`}>
          <Icon name="findings" />
          {severity}
        </span>
        <strong>{finding.title}</strong>
        <span class="facts-line">
          <RunName run={finding.run} /> · steps {formatSteps(finding.first_step, finding.last_step)} ·{" "}
          {layers.length > 1 ? `${layers.length} layers` : layers[0]}
        </span>
        {advises ? <span class="facts-line">{finding.advice}</span> : null}
      </button>
    </li>
  );
}

/** Where a run parts from the baseline: each layer with its step, and how far apart it gets. */
function DifferenceItems({ finding }: { readonly finding: Finding }) {
  const { run, layers, tags, figures } = finding;
  const steps = listOf(figures.first_steps);
  const distances = listOf(figures.distances);
  return (
    <details class="differences" open={layers.length <= FEW_LAYERS}>
      <summary
        title={`${finding.advice} Distance: Wasserstein-1 on an asinh axis; 0.1 for a tenth more scale.`}
      >
        <RunName run={run} /> parts from <RunName run={String(figures.baseline)} /> in {layers.length}{" "}
        {layers.length === 1 ? "layer" : "layers"}
      </summary>
      <ol class="findings">
        {layers.map((layer, at) => {
          const first_step = steps[at] ?? finding.first_step;
          return (
            <li key={tags[at]}>
              <button
                type="button"
                class="difference"
                onClick={(event) => follow(event, { ...finding, tags: tags.slice(at, at + 1), first_step })}
              >
                <span class="ellipsis">{layer}</span>
                <span class="facts-line">
                  from step {first_step} · distance {(distances[at] ?? 0).toPrecision(2)}
                </span>
              </button>
            </li>
          );
        })}
      </ol>
    </details>
  );
}

function listOf(figure: Figure | undefined): readonly number[] {
  return typeof figure === "object" && figure !== null ? figure : [];
}

function RunName({ run }: { readonly run: string }) {
  const at = runs.value.find((other) => other.name === run)?.at;
  return (
    <>
      {at === undefined ? null : (
        <span class="swatch" style={{ background: runColour(at, dark.value) }} aria-hidden="true" />
      )}{" "}
      {run}
    </>
  );
}
