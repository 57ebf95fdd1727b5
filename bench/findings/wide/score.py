"""Counts over many judged trainings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from bench.findings.wide.judge import STEP_TOLERANCE, Verdict

CONFIDENCES: Final = (0.0, 0.5, 0.7, 0.85, 0.95, 1.01)
"""Edges of the rows of the table of reliability."""


@dataclass(frozen=True)
class Score:
    """Over all trainings. alarmed: healthy ones with a warning or error; frozen_*: those of which a
    part is kept from learning on purpose, counted apart."""

    right: int
    wrong: int
    faulty: int
    caught: int
    near: int
    healthy: int
    alarmed: int
    frozen: int
    frozen_alarmed: int
    frozen_told: int
    hidden: int
    hidden_alarmed: int

    @property
    def precision(self) -> float:
        return self.right / max(self.right + self.wrong, 1)

    @property
    def recall(self) -> float:
        return self.caught / max(self.faulty, 1)

    @property
    def near_step(self) -> float:
        return self.near / max(self.caught, 1)


def score_all(verdicts: Sequence[Verdict]) -> Score:
    faulty = [v for v in verdicts if v.effective]
    caught = [v for v in faulty if v.caught]
    healthy = [v for v in verdicts if v.job.healthy and not v.job.frozen]
    frozen = [v for v in verdicts if v.job.healthy and v.job.frozen]
    hidden = [v for v in verdicts if v.fault and not v.fault.expects]
    return Score(
        right=sum(len(v.right) for v in verdicts),
        wrong=sum(len(v.wrong) for v in verdicts),
        faulty=len(faulty),
        caught=len(caught),
        near=sum(v.step_error <= STEP_TOLERANCE for v in caught),
        healthy=len(healthy),
        alarmed=sum(bool(v.wrong) for v in healthy),
        frozen=len(frozen),
        frozen_alarmed=sum(bool(v.wrong) for v in frozen),
        frozen_told=sum(v.frozen_told for v in frozen),
        hidden=len(hidden),
        hidden_alarmed=sum(bool(v.wrong) for v in hidden),
    )


def by_kind(verdicts: Iterable[Verdict]) -> dict[str, tuple[int, int]]:
    """Kind -> how many warnings and errors of it are right, and wrong."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for verdict in verdicts:
        for place, findings in enumerate((verdict.right, verdict.wrong)):
            for finding in findings:
                counts[finding.kind][place] += 1
    return {kind: (right, wrong) for kind, (right, wrong) in sorted(counts.items())}


def by_fault(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    groups: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.fault:
            groups[verdict.job.condition].append(verdict)
    return groups


def by_confidence(verdicts: Iterable[Verdict]) -> list[tuple[float, float, float, int, int]]:
    """Rows of the table of reliability: from, to, mean confidence, right, all."""
    told = [
        (finding.confidence, right)
        for verdict in verdicts
        for right, findings in ((True, verdict.right), (False, verdict.wrong))
        for finding in findings
    ]
    rows = []
    for low, high in pairwise(CONFIDENCES):
        own = [each for each in told if low <= each[0] < high]
        if own:
            mean = sum(confidence for confidence, _ in own) / len(own)
            rows.append((low, high, mean, sum(right for _, right in own), len(own)))
    return rows
