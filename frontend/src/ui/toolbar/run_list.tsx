/** Which runs stand side by side; the ranks of one training are one choice. */

import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { compareFacts, type Fact, factToText, lossColumn } from "../../view/board/facts";
import { HEALTHS, healthOf } from "../../view/board/health";
import { startSweep, sweep } from "../../view/board/sweep";
import { openFinding } from "../../view/findings/explained";
import { rank, sickOf } from "../../view/findings/findings";
import { type Incident, worstIncidentOf } from "../../view/findings/incidents";
import { parseFilter } from "../../view/selection/filter";
import { type RunChoice, runsToChoices, splitRank } from "../../view/selection/ranks";
import type { ShownRun } from "../../view/selection/selection";
import * as selection from "../../view/selection/selection";
import * as settings from "../../view/settings/settings";
import { Select } from "../widgets/controls";
import { Check } from "../widgets/inputs";

/** Fewer runs are found without a filter. */
const FILTER_FROM = 6;

type ShownRunChoice = RunChoice<ShownRun>;

/** What the list can be sorted by: the least comes first, and what is missing last. */
const ORDERS: Readonly<Record<string, (run: string) => Fact>> = {
  "as in TensorBoard": () => null,
  "worst finding first": (run) => HEALTHS.indexOf(healthOf(run)),
  "smallest loss first": lossColumn.read,
};
const [FIRST_ORDER = ""] = Object.keys(ORDERS);

export function RunList() {
  const text = useSignal("");
  const all = selection.runsWithData.value;
  const { matches, error } = parseFilter(text.value);
  const matching = all.filter((run) => matches(run.name));
  const order = useSignal(FIRST_ORDER);
  const found = sortChoices(runsToChoices(matching), order.value);
  useEffect(startSweep, []);
  const sick = sickOf(matching.map((run) => run.name));
  return (
    <>
      {all.length < FILTER_FROM ? null : <ListHead text={text} order={order} error={error} />}
      <div class="menu-list">
        {found.map((choice) => (
          <ChoiceLine key={choice.runs[0]?.name} choice={choice} />
        ))}
      </div>
      <div class="menu-foot">
        <button
          type="button"
          class="button text"
          title="Show every run of this list"
          onClick={() => {
            selection.showRuns(found.flatMap((choice) => choice.runs.map((run) => run.name)));
          }}
        >
          All
        </button>
        <button
          type="button"
          class="button text"
          title="Show the first few runs, and new ones as they appear"
          onClick={() => selection.showRuns(null)}
        >
          First {selection.RUNS_AT_FIRST}
        </button>
        {all.length < 2 ? null : (
          <button
            type="button"
            class="button text"
            title="Show a board of all runs and layers"
            onClick={(event) => {
              settings.view.value = "board";
              event.currentTarget.closest<HTMLElement>("[popover]")?.hidePopover();
            }}
          >
            Board
          </button>
        )}
        {sick.length === 0 ? null : (
          <button
            type="button"
            class="button text"
            title="Show the runs of this list that have findings, worst first"
            onClick={() => {
              selection.showRuns(sick.slice(0, selection.RUNS_AT_FIRST));
            }}
          >
            With findings
          </button>
        )}
      </div>
    </>
  );
}

function sortChoices(all: readonly ShownRunChoice[], order: string): readonly ShownRunChoice[] {
  const read = ({ runs: [first] }: ShownRunChoice) => ORDERS[order]?.(first?.name ?? "") ?? null;
  return all.toSorted((a, b) => compareFacts(read(a), read(b), 1));
}

interface HeadProps {
  readonly text: Signal<string>;
  readonly order: Signal<string>;
  /** What is wrong with the filter. */
  readonly error: string;
}

function ListHead({ text, order, error }: HeadProps) {
  return (
    <div class="run-head">
      <input
        type="search"
        class="run-filter"
        placeholder="Filter runs: words or /regex/"
        aria-label="Filter runs"
        aria-invalid={error !== ""}
        title={error || "Words that must occur in a run's name, or a /regular expression/"}
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value;
        }}
      />
      <Select
        label="Sort"
        tip="How the runs of this list are ordered"
        value={order.value}
        options={Object.keys(ORDERS).map((value) => ({ value, label: value }))}
        onChange={(value) => {
          order.value = value;
        }}
      />
    </div>
  );
}

/** The run's hyper-parameters, as the board has them. */
function parametersOf(run: string): string {
  const all = Object.entries(sweep.value.get(run)?.hyperparameters ?? {});
  return all.map(([name, value]) => `\n${name}: ${factToText(value)}`).join("");
}

function ChoiceLine({ choice }: { readonly choice: ShownRunChoice }) {
  const { name, runs } = choice;
  const shown = selection.shownRuns.value.map((run) => run.name);
  const mine = runs.map((run) => run.name);
  const others = shown.filter((other) => !mine.includes(other));
  const checked = mine.some((run) => shown.includes(run));
  const [sick] = sickOf(mine);
  const incident = worstIncidentOf(sick ?? "");
  return (
    <div class="run-choice">
      <Check
        label={
          <>
            <span class="swatch" style={{ background: selection.runColour(runs[0]?.at ?? 0) }} />
            {name}
          </>
        }
        tip={`Show ${name} or hide it${parametersOf(mine[0] ?? "")}`}
        checked={checked}
        onChange={() => {
          selection.showRuns(checked ? others : [...others, ...mine]);
        }}
      />
      <span class="run-tools">
        <span class="count" title={lossColumn.tip}>
          {lossColumn.show(mine[0] ?? "")}
        </span>
        {incident === undefined ? null : <IncidentButton incident={incident} />}
        {runs.length > 1 ? <RankSelect choice={choice} shown={shown} others={others} /> : null}
        <button
          type="button"
          class="button text"
          title={`Show ${name} only`}
          onClick={() => {
            if (runs.length > 1) selection.showRuns(mine);
            else selection.soloRun(name);
          }}
        >
          only
        </button>
      </span>
    </div>
  );
}

/** Leads to the worst that was found in a run, and shows the run for it. */
function IncidentButton({ incident }: { readonly incident: Incident }) {
  const [cause] = incident;
  const { severity } = incident.reduce((worst, one) => (rank(one) < rank(worst) ? one : worst));
  return (
    <button
      type="button"
      class={`badge ${severity}`}
      title={`${cause.title}. Click: explain it`}
      onClick={(event) => {
        openFinding(cause);
        event.currentTarget.closest<HTMLElement>("[popover]")?.hidePopover();
      }}
    >
      {severity}
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
