/** The list of runs at the left: which of them are shown, and how each of them does. */

import { useEffect } from "preact/hooks";
import { sortedRuns } from "../../view/board/board_rows";
import { boardNames, factToText, lossColumn, startFacts, worstColumn } from "../../view/board/facts";
import { checkedToText } from "../../view/board/health";
import { sweep } from "../../view/board/sweep";
import { openFinding } from "../../view/findings/explained";
import { rank, sickOf } from "../../view/findings/findings";
import { type Incident, worstIncidentOf } from "../../view/findings/incidents";
import { type RunChoice, runsToChoices, splitRank } from "../../view/selection/ranks";
import type { ShownRun } from "../../view/selection/selection";
import * as selection from "../../view/selection/selection";
import { boardSort } from "../../view/settings/settings";
import { RunFilter } from "../input/run_filter";
import { ChoiceField } from "../settings/choice_field";

/** Fewer runs are found without a filter. */
const FILTER_FROM = 6;

type ShownRunChoice = RunChoice<ShownRun>;

export function RunList() {
  useEffect(startFacts, []);
  const all = selection.runsWithData.value;
  const byName = new Map(all.map((run) => [run.name, run]));
  const listed = sortedRuns.value;
  const sick = sickOf(listed).slice(0, selection.RUNS_AT_FIRST);
  return (
    <>
      <div class="runs-head">
        {all.length < FILTER_FROM ? null : (
          <>
            <RunFilter />
            <ChoiceField setting={boardSort} name="Sort" />
          </>
        )}
        <div>
          <ShowButton text="All" title="Show every run of this list" runs={listed} />
          <ShowButton
            text={`First ${selection.RUNS_AT_FIRST}`}
            title="Show the first few runs, and new ones as they appear"
            runs={null}
          />
          {sick.length === 0 ? null : (
            <ShowButton
              text="With findings"
              title="Show the runs of this list that have findings, worst first"
              runs={sick}
            />
          )}
        </div>
        <span class="facts-line" role="status">
          {checkedToText(listed.length)}
        </span>
      </div>
      <ul class="runs-list" onKeyDown={moveToNextBox}>
        {runsToChoices(listed.flatMap((name) => byName.get(name) ?? [])).map((choice) => (
          <ChoiceLine key={choice.runs[0]?.name} choice={choice} />
        ))}
      </ul>
    </>
  );
}

interface ShowProps {
  readonly text: string;
  readonly title: string;
  /** null: the first few. */
  readonly runs: readonly string[] | null;
}

function ShowButton({ text, title, runs }: ShowProps) {
  return (
    <button type="button" class="button text" title={title} onClick={() => selection.showRuns(runs)}>
      {text}
    </button>
  );
}

/** Arrows move between the boxes, as Tab does between everything. */
function moveToNextBox(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  const boxes = [...event.currentTarget.querySelectorAll<HTMLElement>("[type=checkbox]")];
  const at = boxes.indexOf(event.target as HTMLElement);
  if (by === 0 || at < 0) return;
  boxes[at + by]?.focus();
  event.preventDefault();
}

/** The run's hyper-parameters, as the board has them. */
function parametersOf(run: string): string {
  const all = Object.entries(sweep.value.get(run)?.hyperparameters ?? {});
  return all.map(([name, value]) => `\n${name}: ${factToText(value)}`).join("");
}

function ChoiceLine({ choice }: { readonly choice: ShownRunChoice }) {
  const { name, runs } = choice;
  const [first = ""] = runs.map((run) => run.name);
  const shown = selection.shownRuns.value.map((run) => run.name);
  const mine = runs.map((run) => run.name);
  const others = shown.filter((other) => !mine.includes(other));
  const checked = mine.some((run) => shown.includes(run));
  const [sick = ""] = sickOf(mine);
  const incident = worstIncidentOf(sick);
  return (
    <li class="run-choice">
      <label class="check" title={`Show ${name} or hide it${parametersOf(first)}`}>
        <input
          type="checkbox"
          aria-label={name}
          checked={checked}
          onChange={() => selection.showRuns(checked ? others : [...others, ...mine])}
        />
        <span class="swatch" style={{ background: selection.runColour(runs[0]?.at ?? 0) }} />
        <span class="run-label">
          {((runs.length === 1 && boardNames.value.get(name)) || name)
            .match(/[^/,_]*.?/g)
            ?.map((part) => [part, <wbr />])}
        </span>
      </label>
      <button
        type="button"
        class="button text"
        title={`Show only ${name}`}
        aria-label={`Show only ${name}`}
        onClick={() => {
          if (runs.length > 1) selection.showRuns(mine);
          else selection.soloRun(name);
        }}
      >
        only
      </button>
      <span class="number" title={lossColumn.tip}>
        {lossColumn.show(first)}
      </span>
      {runs.length > 1 ? <RankSelect choice={choice} shown={shown} others={others} /> : null}
      {incident && <IncidentButton incident={incident} text={worstColumn.show(sick)} />}
    </li>
  );
}

/** Leads to the worst that was found in a run, and shows the run for it. */
function IncidentButton({ incident, text }: { readonly incident: Incident; readonly text: string }) {
  const [cause] = incident;
  const { severity } = incident.reduce((worst, one) => (rank(one) < rank(worst) ? one : worst));
  return (
    <button
      type="button"
      class={`found ellipsis ${severity}`}
      title={`${cause.run}: ${cause.title}. Click: explain it`}
      aria-label={`${text} in ${cause.run}`}
      onClick={() => openFinding(cause)}
    >
      {text}
    </button>
  );
}

interface RankProps {
  readonly choice: ShownRunChoice;
  readonly shown: readonly string[];
  readonly others: readonly string[];
}

/** All ranks of a training, or one of them. */
function RankSelect({ choice: { name, runs }, shown, others }: RankProps) {
  const mine = runs.map((run) => run.name);
  const chosen = mine.filter((run) => shown.includes(run));
  const some = chosen.length > 1 && chosen.length < mine.length;
  const value = chosen.length === mine.length ? "all" : chosen.length === 1 ? chosen[0] : "";
  return (
    <select
      title={`Which ranks of ${name} are shown`}
      aria-label={`Ranks of ${name}`}
      value={value}
      onChange={(event) => {
        const wanted = event.currentTarget.value;
        selection.showRuns([...others, ...(wanted === "all" ? mine : [wanted])]);
      }}
    >
      {value === "" ? (
        <option value="" disabled>
          {some ? `${chosen.length} of ${mine.length} ranks` : "no rank"}
        </option>
      ) : null}
      <option value="all">all {mine.length} ranks</option>
      {mine.map((run) => (
        <option key={run} value={run}>
          rank {splitRank(run)?.rank}
        </option>
      ))}
    </select>
  );
}
