"""Holds findings, ours and the rivals' alarms, against what was planted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from bench.findings.faults import FAULTS, Fault
from bench.findings.planting import SLOW_SHARE, WEIGHT_TYPES
from bench.findings.rivals import RULE_KINDS
from bench.findings.train import Outcome
from tb_activation_hist.findings import Finding, find_run_findings

STEP_TOLERANCE = 0.05
WINDOW = 20
WEIGHT_NAMES = {kind.__name__ for kind in WEIGHT_TYPES}


@dataclass
class Verdict:
    """One training judged. effective: the fault did harm, so that it can be asked for.

    wrong: findings (or rules) that are not true of the training. caught: an expected one is there.
    step_error: of the nearest expected finding, as share of the run.
    """

    outcome: Outcome
    effective: bool
    caught: bool
    right: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    errors: int = 0
    step_error: float = float("nan")


def judge(outcome: Outcome) -> Verdict:
    """Our findings, of every severity."""
    fault = FAULTS.get(outcome.job.condition)
    findings = find_run_findings(outcome.job.name, outcome.layers)
    verdict = Verdict(outcome, fault is not None and did_harm(outcome, fault), caught=False)
    verdict.errors = sum(finding.severity == "error" for finding in findings)
    if fault is None or not verdict.effective:
        # Without harm there is nothing to find; what is said of it is neither right nor wrong.
        verdict.wrong = [f.kind for f in findings] if fault is None else []
        return verdict
    for finding in findings:
        fits = finding.kind in fault.expects | fault.allows and _right_place(outcome, finding)
        (verdict.right if fits else verdict.wrong).append(finding.kind)
    told = [f for f in findings if f.kind in fault.expects and _right_place(outcome, f)]
    verdict.caught = bool(told)
    # Steps of a logger count from 1.
    errors = [abs(f.first_step - 1 - outcome.onset) / outcome.steps for f in told]
    verdict.step_error = min(errors, default=float("nan"))
    return verdict


def _right_place(outcome: Outcome, finding: Finding) -> bool:
    """Where it was planted in certain layers, the finding's cause is one of them."""
    if outcome.truth_layers is None or finding.kind == "sudden_change":
        return True
    names = {layer.partition("/")[0] for layer in finding.layers}
    if finding.kind == "not_learning":
        first = finding.layers[0].partition("/")[0]
        return first in outcome.truth_layers and names <= slow_layers(outcome)
    return bool(names & outcome.truth_layers)


def slow_layers(outcome: Outcome) -> set[str]:
    """The layers that were planted not to learn, and those with a hundredth of the rate."""
    assert outcome.truth_layers is not None
    if outcome.job.condition != "discriminative":
        return outcome.truth_layers
    infos = [info for info, _ in outcome.layers.values() if info.kind == "activations"]
    names = list(dict.fromkeys(info.layer.partition("/")[0] for info in infos))
    types = {info.layer.partition("/")[0]: info.type for info in infos}
    weights = [name for name in names if types[name] in WEIGHT_NAMES]
    return set(names[: names.index(weights[max(1, int(SLOW_SHARE * len(weights)))])])


def did_harm(outcome: Outcome, fault: Fault) -> bool:
    """Whether the loss says that something is wrong: not finite, or much above what it was."""
    if not fault.needs_effect:
        return True
    losses = np.asarray(outcome.losses)
    end = losses[-WINDOW:]
    if not np.isfinite(end).all():
        return True
    before = losses[max(outcome.onset - WINDOW, 0) : outcome.onset] if outcome.onset else losses[:1]
    # At the start of a training any lasting loss above the first one is harm.
    factor = 1.5 if outcome.onset else 0.95
    return bool(end.mean() > factor * before.mean())


def judge_rival(outcome: Outcome, prefix: str) -> Verdict:
    """A rival's rules, each that fired taken for one finding."""
    fault = FAULTS.get(outcome.job.condition)
    fired = {rule: alarms for rule, alarms in outcome.rival_alarms.items() if rule[:2] == prefix}
    verdict = Verdict(outcome, fault is not None and did_harm(outcome, fault), caught=False)
    if fault is None or not verdict.effective:
        verdict.wrong = list(fired) if fault is None else []
        verdict.errors = len(verdict.wrong)
        return verdict
    for rule in fired:
        fits = RULE_KINDS[rule] & (fault.expects | fault.allows)
        (verdict.right if fits else verdict.wrong).append(rule)
    told = [rule for rule in fired if RULE_KINDS[rule] & fault.expects]
    verdict.caught = bool(told)
    steps = [step for rule in told for _, step in fired[rule]]
    errors = [abs(step - outcome.onset) / outcome.steps for step in steps]
    verdict.step_error = min(errors, default=float("nan"))
    return verdict


@dataclass
class Score:
    """Precision, recall and the step over many trainings."""

    precision: float
    recall: float
    healthy: int
    false_healthy: int
    errors_healthy: int
    near_step: float
    faulty: int


def score_all(verdicts: Iterable[Verdict]) -> Score:
    own = list(verdicts)
    right = sum(len(v.right) for v in own)
    wrong = sum(len(v.wrong) for v in own)
    faulty = [v for v in own if v.effective]
    healthy = [v for v in own if v.outcome.job.condition not in FAULTS]
    caught = [v for v in faulty if v.caught]
    near = [v for v in caught if v.step_error <= STEP_TOLERANCE]
    return Score(
        precision=right / max(right + wrong, 1),
        recall=len(caught) / max(len(faulty), 1),
        healthy=len(healthy),
        false_healthy=sum(bool(v.wrong) for v in healthy),
        errors_healthy=sum(v.errors > 0 for v in healthy),
        near_step=len(near) / max(len(caught), 1),
        faulty=len(faulty),
    )


def by_kind(verdicts: Iterable[Verdict]) -> dict[str, tuple[int, int]]:
    """Kind -> (right, wrong) findings."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for verdict in verdicts:
        for kind in verdict.right:
            counts[kind][0] += 1
        for kind in verdict.wrong:
            counts[kind][1] += 1
    return {kind: (right, wrong) for kind, (right, wrong) in sorted(counts.items())}


def by_fault(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    groups: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        groups[verdict.outcome.job.condition].append(verdict)
    return dict(sorted(groups.items()))
