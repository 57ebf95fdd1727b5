"""Incidents: findings of one cause, the cause first and then what followed from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from tb_activation_hist.core.names import PHASES
from tb_activation_hist.findings.consequences import (
    follows,
    is_lasting,
    is_result,
    is_set_so,
    note_consequence,
)
from tb_activation_hist.findings.finding import SEVERITIES, Finding
from tb_activation_hist.findings.hits import near_steps
from tb_activation_hist.findings.input_signals import INPUT_KINDS
from tb_activation_hist.findings.registry import FINDING_KINDS

SPREAD: Final = (
    "inputs",
    "activations",
    "gradients",
    "weight_gradients",
    "optimizer_state",
    "updates",
    "weights",
)
"""Kinds of series in the order in which trouble of one training step passes through them."""

WEIGHTS_REPLACED: Final = frozenset({"other_weights", "start_again"})
"""Limits of findings that something else than an optimizer has made all weights anew."""

LIVE_SHARE: Final = 0.25
"""Share of a run so far for which trouble that is reported live is assumed to last."""


def to_incidents(findings: Iterable[Finding], first_step: int, last_step: int) -> list[Finding]:
    """The findings of one run with the numbers of their incidents, in the order of these.

    The most severe incident comes first, then the earliest. first_step, last_step: of the run.
    """
    groups = group_incidents(list(findings), first_step, last_step)
    groups.sort(key=_incident_key)
    return [
        replace(finding, incident=number)
        for number, group in enumerate(groups, start=1)
        for finding in group
    ]


def group_incidents(
    findings: Sequence[Finding], first_step: int, last_step: int
) -> list[list[Finding]]:
    """The findings of one run in groups of one cause; each group begins with the cause."""
    near = near_steps(last_step - first_step)
    settled = first_step + near
    groups: list[list[Finding]] = []
    results = [finding for finding in findings if is_result(finding)]
    for finding in (each for each in findings if not is_result(each)):
        linked = [g for g in groups if any(_linked(finding, other, near, settled) for other in g)]
        groups = [group for group in groups if not any(group is each for each in linked)]
        groups.append([*(other for group in linked for other in group), finding])
    told = [_judge_incident(_sort_incident(group, near), near, settled) for group in groups]
    return _add_results(told, results)


def _add_results(
    groups: Sequence[list[Finding]], results: Sequence[Finding]
) -> list[list[Finding]]:
    """How the training ended comes after the most severe incident, or by itself without any."""
    serious = [group for group in groups if group[0].severity != "info"]
    if not serious or not results:
        return [*groups, *([list(results)] if results else [])]
    first = min(serious, key=_incident_key)
    return [[*group, *results] if group is first else group for group in groups]


def _linked(one: Finding, other: Finding, near: float, settled: float) -> bool:
    return follows(one, other, near, settled) or follows(other, one, near, settled)


def _sort_incident(group: Sequence[Finding], near: float) -> list[Finding]:
    """The cause, then the others by their first steps.

    The cause is the most severe of those that begin about when the first one does, and of these the
    earliest; trouble with the inputs or the settings comes before all others. An info is never the
    cause of anything more severe.
    """
    serious = [finding for finding in group if finding.severity != "info"] or group
    begin = min(finding.first_step for finding in serious)
    early = [finding for finding in serious if finding.first_step <= begin + near]
    cause = min(early, key=_cause_key)
    rest = [finding for finding in group if finding is not cause]
    return [cause, *sorted(rest, key=lambda f: (_spread_key(f), _severity(f)))]


def _judge_incident(group: Sequence[Finding], near: float, settled: float) -> list[Finding]:
    """group: its cause comes first."""
    cause = group[0]
    return [cause, *(note_consequence(cause, each, near, settled) for each in group[1:])]


def _cause_key(finding: Finding) -> tuple[bool, int, int, int, tuple[object, ...]]:
    severity, kind = _severity(finding)
    given = finding.kind in INPUT_KINDS or is_lasting(finding) or is_set_so(finding)
    given = given or not WEIGHTS_REPLACED.isdisjoint(finding.threshold)
    return (not given, severity, finding.first_step, kind, _spread_key(finding))


def _severity(finding: Finding) -> tuple[int, int]:
    return (SEVERITIES.index(finding.severity), FINDING_KINDS.index(finding.kind))


def _spread_key(finding: Finding) -> tuple[int, int, int, tuple[str, ...]]:
    """By the first step, then in the order in which a step computes things."""
    prefix = finding.tags[0].removesuffix(finding.layers[0]).strip("/")
    phase, _, kind = prefix.rpartition("/")
    place = SPREAD.index(kind) if kind in SPREAD else len(SPREAD)
    return (finding.first_step, (phase or PHASES[0]) != PHASES[0], place, finding.layers)


def _incident_key(group: Sequence[Finding]) -> tuple[int, int, int, tuple[str, ...]]:
    cause = group[0]
    worst = min(SEVERITIES.index(finding.severity) for finding in group)
    return (worst, cause.first_step, FINDING_KINDS.index(cause.kind), cause.layers)


class LiveIncidents:
    """The incidents of a run that is still growing, as its findings come in."""

    def __init__(self) -> None:
        self._told: list[Finding] = []
        self._incidents = 0

    def add(self, finding: Finding, first_step: int, last_step: int) -> tuple[Finding, bool]:
        """The finding with its incident's number, and whether it is news.

        It is where it begins an incident, and where nothing as grave was told of its incident:
        what follows from what was told is expected, unless it is worse.
        first_step, last_step: of the run so far. Whether an earlier finding still lasts is not
        known: it is taken to for a quarter of the run.
        """
        near = near_steps(last_step - first_step)
        lasting = int(LIVE_SHARE * (last_step - first_step))
        settled = first_step + near
        known = next(
            (
                other.incident
                for other in self._told
                if _linked(_lengthen(other, lasting), finding, near, settled)
            ),
            None,
        )
        self._incidents += known is None
        numbered = replace(finding, incident=known or self._incidents)
        told = [other for other in self._told if other.incident == numbered.incident]
        self._told.append(numbered)
        gravity = SEVERITIES.index(finding.severity)
        return numbered, all(gravity < SEVERITIES.index(other.severity) for other in told)


def _lengthen(finding: Finding, steps: int) -> Finding:
    return replace(finding, last_step=finding.last_step + steps)
