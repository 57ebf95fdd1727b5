/** The list of all findings, and of where runs part. */

import { formatCounted, nameSteps } from "../../math/format";
import type { Figure, FindingAnswer, Severity } from "../../series/types";
import { showStep } from "../../view/board/reveal_incident";
import { openFinding } from "../../view/findings/explained";
import {
  differences,
  errors,
  hiddenSickRuns,
  NOTHING_CHECKED,
  progress,
  rank,
  shownChecked,
} from "../../view/findings/findings";
import { type Incident, incidents } from "../../view/findings/incidents";
import { boardOpen, colourOfRun, RUNS_AT_FIRST, runsInView, showRuns } from "../../view/selection/selection";
import { CutName } from "../widgets/cut_name";
import { Icon } from "../widgets/icons";

/** Layers of a difference that are listed without being asked for. */
const FEW_LAYERS = 8;

/** Runs that are not shown but named. */
const FEW_RUNS = 3;

export function FindingsList() {
  const found = incidents.value;
  const hidden = hiddenSickRuns.value;
  const { runs, unchecked, pending } = progress.value ?? NOTHING_CHECKED;
  return (
    <>
      {unchecked.length === 0 && pending === 0 ? null : (
        <p class="facts-line" role="status">
          {unchecked.length > 0
            ? `Checked ${runs - unchecked.length} of ${formatCounted(runs, "run")}…`
            : "Comparing the runs with the baseline…"}
        </p>
      )}
      {found.length === 0 && shownChecked.value ? (
        <p class="facts-line">
          Nothing looks wrong in the{" "}
          {formatCounted(runsInView.value.length, boardOpen.value ? "run" : "shown run")}.
        </p>
      ) : null}
      <ol class="findings">
        {found.map((incident, at) => (
          <IncidentItem
            key={key(incident[0])}
            incident={incident}
            advises={incident[0].kind !== found[at - 1]?.[0].kind}
          />
        ))}
      </ol>
      {differences.value.map((finding) => (
        <DifferenceItems key={key(finding)} finding={finding} />
      ))}
      {hidden.length === 0 ? null : <HiddenRuns names={hidden} />}
      {errors.value.map((sentence) => (
        <p key={sentence} class="facts-line severity error">
          {sentence}
        </p>
      ))}
    </>
  );
}

/** Something looks wrong in runs that are not shown. */
function HiddenRuns({ names }: { readonly names: readonly string[] }) {
  return (
    <div class="hidden-runs">
      <p class="facts-line">
        Something looks wrong in {formatCounted(names.length, "hidden run")}:{" "}
        {names.slice(0, FEW_RUNS).join(", ")}
        {names.length > FEW_RUNS ? "…" : ""}
      </p>
      <button
        type="button"
        class="button text"
        onClick={() => {
          showRuns(names.slice(0, RUNS_AT_FIRST));
        }}
      >
        Show {names.length > RUNS_AT_FIRST ? `the ${RUNS_AT_FIRST} worst of them` : "them"}
      </button>
    </div>
  );
}

/** Leads to what a line of the list is about; the list would cover it. */
function follow(
  event: { readonly currentTarget: HTMLElement },
  finding: FindingAnswer,
  go: (finding: FindingAnswer) => void,
): void {
  go(finding);
  event.currentTarget.closest<HTMLElement>("[popover]")?.hidePopover();
}

function key({ run, kind, tags, first_step }: FindingAnswer): string {
  return `${run} ${kind} ${tags[0] ?? ""} ${first_step}`;
}

/** Least confidence for each word; below all of them it is "uncertain". */
const CONFIDENCE: readonly (readonly [least: number, word: string])[] = [
  [0.95, "nearly certain"],
  [0.85, "likely"],
  [0.6, "probable"],
];

interface ItemProps {
  readonly incident: Incident;
  /** Whether the advice is written out: of several of one kind, the first one's is enough. */
  readonly advises: boolean;
}

/** The cause, and behind a line what followed from it. */
function IncidentItem({ incident: [cause, ...followed], advises }: ItemProps) {
  return (
    <li>
      <FindingButton finding={cause} severity={worst([cause, ...followed])} advises={advises} />
      {followed.length === 0 ? null : (
        <details class="followed">
          <summary>and {followed.length} that followed</summary>
          <ol class="findings">
            {followed.map((finding) => (
              <li key={key(finding)}>
                <FindingButton finding={finding} severity={finding.severity} advises={false} />
              </li>
            ))}
          </ol>
        </details>
      )}
    </li>
  );
}

function worst(all: readonly FindingAnswer[]): Severity {
  return all.toSorted((a, b) => rank(a) - rank(b))[0]?.severity ?? "info";
}

interface ButtonProps {
  readonly finding: FindingAnswer;
  readonly severity: Severity;
  readonly advises: boolean;
}

function FindingButton({ finding, severity, advises }: ButtonProps) {
  const { layers, confidence, evidence } = finding;
  const sure = CONFIDENCE.find(([least]) => confidence >= least)?.[1] ?? "uncertain";
  const limited = evidence.filter(({ limit }) => limit);
  return (
    <button
      type="button"
      title={advises ? undefined : finding.advice}
      onClick={(event) => follow(event, finding, openFinding)}
    >
      <span class={`severity ${severity}`}>
        <Icon name="findings" />
        {severity}
      </span>
      <strong>{finding.title}</strong>
      <span class="facts-line">
        <RunLabel run={finding.run} /> · {nameSteps(finding.first_step, finding.last_step)} ·{" "}
        {layers.length > 1 ? `${layers.length} layers` : layers[0]} · {sure}
      </span>
      {limited.map(({ label, value, limit }) => (
        <span key={label} class="facts-line">
          {label}: {value} (threshold {limit})
        </span>
      ))}
      {advises ? <span class="facts-line">{finding.advice}</span> : null}
    </button>
  );
}

/** Where a run parts from the baseline: each layer with its step, and how far apart it gets. */
function DifferenceItems({ finding }: { readonly finding: FindingAnswer }) {
  const { run, layers, tags, figures } = finding;
  const steps = listOf(figures.first_steps);
  const distances = listOf(figures.distances);
  return (
    <details class="differences" open={layers.length <= FEW_LAYERS}>
      <summary
        title={`${finding.advice} Distance: Wasserstein-1 on an asinh axis; 0.1 for a tenth more scale.`}
      >
        <RunLabel run={run} /> differs from <RunLabel run={String(figures.baseline)} /> in{" "}
        {formatCounted(layers.length, "layer")}
      </summary>
      <ol class="findings">
        {tags.map((tag, at) => {
          const first_step = steps[at] ?? finding.first_step;
          return (
            <li key={tag}>
              <button
                type="button"
                class="difference"
                onClick={(event) => follow(event, { ...finding, tags: [tag], first_step }, showStep)}
              >
                <span class="ellipsis">{tag.replace("activations/", "")}</span>
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

function RunLabel({ run }: { readonly run: string }) {
  return (
    <>
      <span class="swatch" style={{ background: colourOfRun(run) }} aria-hidden="true" />{" "}
      <CutName name={run} />
    </>
  );
}
