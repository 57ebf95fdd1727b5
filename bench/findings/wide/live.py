"""What `warn_on` would have said, and when: the stored records, played again in their order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

import numpy as np

from bench.findings.wide.fault import GRAVE
from bench.findings.wide.faults import FAULTS
from bench.findings.wide.judge import STEP_TOLERANCE, tells
from bench.findings.wide.record import Outcome
from tb_activation_hist.capture.input_memory import FIRST_ROWS, LOOK_EVERY
from tb_activation_hist.capture.loss_watch import COUNTED, LossWatch
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.input_facts import InputFacts
from tb_activation_hist.core.loss_history import LossFollower
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.parameter_sizes import (
    ParameterFacts,
    ParameterHistory,
    ParameterSizes,
)
from tb_activation_hist.core.setup_facts import (
    DroppedGradients,
    EqualRows,
    ForwardDropout,
    KeptGradients,
    LossGradients,
    RateHistory,
    RestoredWeights,
    SetupFact,
    StrayParameters,
)
from tb_activation_hist.findings import (
    WATCHED_KINDS,
    Finding,
    LiveRules,
    RunFacts,
    info_to_run_facts,
)
from tb_activation_hist.storage.run_histograms import RunHistograms, read_run

LATE_RECORDS: Final = 20

FEW_TIMES: Final = 4
"""Times after which the logger has told what befalls gradients again and again."""


class LiveWarning(NamedTuple):
    """A warning and the step after which it came."""

    step: int
    finding: Finding


@dataclass
class Live:
    """All warnings of one training. delay: steps from the onset to the first that tells it."""

    warnings: list[LiveWarning] = field(default_factory=list)
    delay: int | None = None
    limit: int = 0

    @property
    def stops(self) -> bool:
        """Whether a training that stops on errors would have been stopped."""
        return any(each.finding.severity == "error" for each in self.warnings)

    @property
    def timely(self) -> bool:
        return self.delay is not None and self.delay <= self.limit


def watch(outcome: Outcome, mode: str) -> Live:
    live = Live(list(replay(outcome, mode)))
    live.limit = max(LATE_RECORDS, int(STEP_TOLERANCE * outcome.steps))
    fault = FAULTS.get(outcome.job.condition)
    if fault and fault.expects:
        told = [
            max(each.step - 1 - outcome.onset, 0)
            for each in live.warnings
            if is_of_fault(each, outcome) and tells(each.finding, fault, outcome)
        ]
        live.delay = min(told, default=None)
    return live


def is_of_fault(warning: LiveWarning, outcome: Outcome) -> bool:
    """Whether it came after the onset, or before that and is dated near it, as of what creeps."""
    off = abs(warning.finding.first_step - 1 - outcome.onset)
    return warning.step > outcome.onset or off <= STEP_TOLERANCE * outcome.steps


def replay(outcome: Outcome, mode: str) -> Iterator[LiveWarning]:
    """Every kind is watched for, as ``warn_on`` with all kinds does, and looks take no time."""
    live = LiveRules(WATCHED_KINDS, share=None)
    run = read_run(str(outcome.run_dir(mode)))
    facts = info_to_run_facts(run.info)
    followed = [LossFollower(loss.tag) for loss in facts.losses[:1]]
    for step, records in sorted(read_steps(run).items()):
        found = [finding for own in records for finding in live.add(*own)]
        live.end_record(step)
        for loss in followed:
            loss.add(step, outcome.losses[0][step - 1])
        if live.is_due:
            sizes = measured_until(run.measured_sizes, step)
            known = replace(facts_until(facts, step), losses=tuple(x.history for x in followed))
            found += live.look(with_trainable(known, sizes), sizes)
        yield from (LiveWarning(step, each) for each in found if each.severity in (*GRAVE, "info"))


def facts_until(facts: RunFacts, step: int) -> RunFacts:
    """What was known of a run's inputs and set-up at the end of a step, about."""
    inputs = tuple(input_until(each, step) for each in facts.inputs)
    setup = tuple(_fact_until(fact, step) for fact in facts.setup if _known_from(fact) <= step)
    return replace(facts, inputs=inputs, setup=setup)


def with_trainable(facts: RunFacts, sizes: ParameterSizes) -> RunFacts:
    """The same, with what was trainable by then: a part may be thawed later."""
    flags = {name: own.facts.trainable for name, own in sizes.items() if len(own.facts.trainable)}
    trainable = {name for name, flag in flags.items() if flag[-1]}
    frozen = flags.keys() - trainable
    return replace(
        facts,
        trainable=facts.trainable - frozen | trainable,
        frozen=facts.frozen - trainable | frozen,
    )


def _fact_until(fact: SetupFact, step: int) -> SetupFact:
    """A fact as it was known; gradients are dropped once in a step, from the second on."""
    match fact:
        case DroppedGradients():
            return replace(fact, times=min(fact.times, step - 1))
        case RateHistory():
            known = sum(begin <= step for begin in fact.begins)
            return replace(fact, begins=fact.begins[:known], rates=fact.rates[:known])
        case RestoredWeights():
            return _restored_until(fact, step)
        case LossGradients():
            return _looks_until(fact, step)
        case _:
            return fact


def _restored_until(fact: RestoredWeights, step: int) -> RestoredWeights:
    """Times are taken to lie evenly; of those that weights were replaced, the first is known."""
    every = max((fact.last - fact.first) / max(fact.times - 1, 1), 1)
    times = max(min(fact.times, 1 + int((step - fact.first) // every)), 0)
    last = int(fact.first + (times - 1) * every)
    known = replace(fact, times=times, last=last, seen=min(step, fact.seen))
    return known if fact.since <= step else replace(known, replaced=0, since=0)


def _looks_until(fact: LossGradients, step: int) -> LossGradients:
    """The looks up to a step, each of which is taken to have shown its share of all."""
    if step >= fact.seen:
        return fact
    looks = min(int(np.searchsorted(_steps_of_looks(fact.seen), step, side="right")), fact.looks)
    known = {
        name: round(getattr(fact, name) * looks / fact.looks)
        for name in (*COUNTED, "levels", "formed", "normalised", "labels")
    }
    return replace(fact, looks=looks, seen=step, **known)


def _steps_of_looks(last: int) -> list[int]:
    """Steps whose records are looked at, where each step makes a record."""
    watch, steps = LossWatch(), []
    for record in range(last):
        watch.begin_step(recorded=True, records=record)
        if watch.on:
            steps.append(record + 1)
    return steps


def _known_from(fact: SetupFact) -> int:
    """The step at whose end a fact could be told; of what goes on, after some times."""
    match fact:
        case KeptGradients():
            return fact.seen - fact.steps + FEW_TIMES
        case DroppedGradients():
            return 2
        case EqualRows():
            return fact.seen
        case ForwardDropout() | LossGradients() | StrayParameters():
            return fact.first
        case RateHistory():
            return fact.begins[0] if fact.begins else 0
        case RestoredWeights():
            return min(step for step in (fact.first, fact.since) if step or not fact.replaced)
        case _:
            return fact.since


def input_until(facts: InputFacts, step: int) -> InputFacts:
    """Records are taken to lie evenly over the steps."""
    if step >= facts.last:
        return facts
    rate = facts.compared / max(facts.last - facts.first, 1)
    later = round(rate * (facts.last - step))
    compared = max(facts.compared - later, 0)
    known = compared / max(facts.compared, 1)
    looked = sum(each < FIRST_ROWS or each % LOOK_EVERY == 0 for each in range(compared + 1))
    rows = min(looked, facts.rows_looked)
    same = round(known * facts.same)
    if facts.since and not facts.always_same:
        same = max(facts.same - round(rate * (facts.last - max(step, facts.since - 1))), 0)
    return replace(
        facts,
        last=step,
        compared=compared,
        same=same,
        since=facts.since if facts.since <= step else 0,
        rows_looked=rows,
        rows_equal=round(rows * facts.rows_equal / max(facts.rows_looked, 1)),
        repeats=max(facts.repeats - later, 0),
    )


def measured_until(sizes: ParameterSizes, step: int) -> ParameterSizes:
    """What had been measured of the parameters by the end of a step."""
    return ParameterSizes({name: _cut(history, step) for name, history in sizes.items()})


def _cut(history: ParameterHistory, step: int) -> ParameterHistory:
    facts, kinds = history.facts, history.kinds
    known = facts.steps <= step
    early = {name: own.take(own.steps <= step) for name, own in kinds.items()}
    return ParameterHistory(
        history.info,
        ParameterFacts(
            facts.steps[known], facts.trainable[known], facts.optimized[known], facts.rates[known]
        ),
        *early.values(),
    )


def read_steps(run: RunHistograms) -> dict[int, list[tuple[LayerInfo, HistogramSeries]]]:
    """By step: the series of length 1 that were stored at it, in model order.

    A step at which no layer ran, as in eval mode, has none; it is known where sizes were measured.
    """
    steps: dict[int, list[tuple[LayerInfo, HistogramSeries]]] = defaultdict(list)
    for key in run:
        info, series = run.layer_info(key), run[key]
        assert info is not None
        for place, step in enumerate(series.steps.tolist()):
            steps[step].append((info, series.take(slice(place, place + 1))))
    last = max((int(own.facts.steps[-1]) for own in run.measured_sizes.values()), default=0)
    return {step: steps[step] for step in range(1, max(last, *steps, 0) + 1)}
