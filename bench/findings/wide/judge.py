"""Holds what is said of a training against what was planted in it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from bench.findings.rivals import RULE_KINDS
from bench.findings.wide.conditions import PLAIN
from bench.findings.wide.fault import GRAVE, Fault
from bench.findings.wide.faults import FAULTS
from bench.findings.wide.jobs import Job
from bench.findings.wide.record import Outcome
from tb_activation_hist.findings import Finding
from tb_activation_hist.recording.run_findings import find_directory_findings

STEP_TOLERANCE: Final = 0.05
WINDOW: Final = 15
LOST_PROGRESS: Final = 0.2
"""A fault did harm when this part of what its healthy twin learnt is lost."""


@dataclass
class Verdict:
    """One training judged.

    effective: the fault did harm, so that it can be asked for; False in health. right, wrong:
    warnings and errors (or a rival's rules) that are true of the training, and that are not.
    caught: what was planted is told. step_error: of the nearest such finding, as a share of the
    run. first_right: whether its first layer is one in which it was planted; None if it was
    planted in no certain one. frozen_told: an info says that layers are frozen.
    """

    job: Job
    effective: bool = False
    caught: bool = False
    right: list[Finding] = field(default_factory=list)
    wrong: list[Finding] = field(default_factory=list)
    step_error: float = math.nan
    first_right: bool | None = None
    frozen_told: bool = False

    @property
    def fault(self) -> Fault | None:
        return FAULTS.get(self.job.condition)

    @property
    def harmless(self) -> bool:
        """Planted without harm: there is nothing to find, and nothing that is said counts."""
        fault = self.fault
        return fault is not None and bool(fault.expects) and not self.effective


def judge(outcome: Outcome, twin: Outcome, mode: str) -> Verdict:
    """Our findings. twin: the same architecture in plain health."""
    findings = find_directory_findings(str(outcome.run_dir(mode)))
    verdict = Verdict(outcome.job)
    grave = [f for f in findings if f.severity in GRAVE]
    fault = verdict.fault
    if fault is None or not fault.expects:
        verdict.wrong = grave
        verdict.frozen_told = any(is_frozen_info(f) for f in findings)
        return verdict
    verdict.effective = did_harm(outcome, twin, fault)
    if not verdict.effective:
        return verdict
    for finding in grave:
        (verdict.right if is_true(finding, fault, outcome) else verdict.wrong).append(finding)
    note_caught(verdict, [f for f in findings if tells(f, fault, outcome)], outcome)
    return verdict


def note_caught(verdict: Verdict, told: Sequence[Finding], outcome: Outcome) -> None:
    verdict.caught = bool(told)
    if not told:
        return
    # Steps of a logger count from 1.
    errors = [abs(f.first_step - 1 - outcome.onset) / outcome.steps for f in told]
    verdict.step_error = min(errors)
    if outcome.truth is not None:
        verdict.first_right = any(is_inside(f.layers[0], outcome.truth) for f in told)


def tells(finding: Finding, fault: Fault, outcome: Outcome) -> bool:
    """Whether a finding is the one that was asked for: kind, gravity and place."""
    expected = finding.kind in fault.expects and finding.severity in fault.severities
    return expected and is_placed(finding, outcome)


def is_true(finding: Finding, fault: Fault, outcome: Outcome) -> bool:
    return finding.kind in fault.allows or tells(finding, fault, outcome)


def is_placed(finding: Finding, outcome: Outcome) -> bool:
    """Whether it names a layer in which it was planted; one that stands still is named first."""
    if outcome.truth is None or finding.kind == "sudden_change":
        return True
    names = finding.layers[:1] if finding.kind == "not_learning" else finding.layers
    return any(is_inside(name, outcome.truth) for name in names)


def is_inside(layer: str, truth: Iterable[str]) -> bool:
    return any(layer == name or layer.startswith((f"{name}.", f"{name}/")) for name in truth)


def is_frozen_info(finding: Finding) -> bool:
    """Whether it says, without alarm, that layers do not learn."""
    return finding.severity == "info" and finding.kind in ("not_learning", "frozen")


def did_harm(outcome: Outcome, twin: Outcome, fault: Fault) -> bool:
    """Whether a loss ends above its healthy twin's by a good part of what the twin learnt."""
    if not fault.needs_effect:
        return True
    return any(_is_worse(*pair) for pair in zip(outcome.losses, twin.losses, strict=True))


def _is_worse(losses: Sequence[float], healthy: Sequence[float]) -> bool:
    end, goal = np.asarray(losses[-WINDOW:]), float(np.mean(healthy[-WINDOW:]))
    if not np.isfinite(end).all():
        return True
    learnt = max(healthy[0] - goal, 0.1 * abs(goal))
    return bool(end.mean() > goal + LOST_PROGRESS * learnt)


def judge_rival(outcome: Outcome, twin: Outcome, prefix: str) -> Verdict:
    """A rival's rules, each that fired taken for one finding of all kinds that it can mean."""
    verdict = Verdict(outcome.job)
    fault = verdict.fault
    fired = {rule: own for rule, own in outcome.alarms.items() if rule[:2] == prefix}
    if fault is None or not fault.expects:
        verdict.wrong = [_rule_finding(rule) for rule in fired]
        return verdict
    verdict.effective = did_harm(outcome, twin, fault)
    if not verdict.effective:
        return verdict
    for rule in fired:
        fits = bool(RULE_KINDS[rule] & (fault.expects | fault.allows))
        (verdict.right if fits else verdict.wrong).append(_rule_finding(rule))
    told = [rule for rule in fired if RULE_KINDS[rule] & fault.expects]
    verdict.caught = bool(told)
    steps = [step for rule in told for _, step in fired[rule]]
    errors = [abs(step - outcome.onset) / outcome.steps for step in steps]
    verdict.step_error = min(errors, default=math.nan)
    return verdict


def _rule_finding(rule: str) -> Finding:
    return Finding(rule, "", ("",), ("",), 0, 0, "warning", rule, "")


def find_twin(job: Job) -> Job:
    return Job(job.architecture, PLAIN)
