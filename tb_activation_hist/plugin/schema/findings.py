"""The findings route: what is wrong in runs."""

from __future__ import annotations

from typing import Literal, TypedDict

Severity = Literal["error", "warning", "info"]
"""Severity of a finding, most severe first."""

Figure = float | str | None | list[float]
"""A measured figure; a list is parallel to the finding's layers, a number that is not finite is
null."""


class EvidenceAnswer(TypedDict):
    """A figure of a finding in words."""

    label: str
    """What was measured."""
    value: str
    """The number with its unit."""
    limit: str
    """The threshold in the same unit; "" where there is none."""


class FindingAnswer(TypedDict):
    """One thing that is wrong, or in which a run differs from the baseline."""

    kind: str
    """Name of the rule, such as "vanishing"; "run_difference" for a comparison with the
    baseline."""
    run: str
    """Name of the run."""
    layers: list[str]
    """In the order in which the trouble spread, the cause first."""
    tags: list[str]
    """Tags of the layers' series."""
    first_step: int
    """First step that shows it."""
    last_step: int
    """Last step that shows it."""
    severity: Severity
    """How grave it is."""
    figures: dict[str, Figure]
    """What was measured, by name."""
    threshold: dict[str, float]
    """What it was held against, by the option's name."""
    source: str
    """Where the method and the threshold come from."""
    title: str
    """What is wrong, one sentence."""
    advice: str
    """Usual causes and what to try."""
    incident: int
    """Number of the incident within its run, from 1: findings of one cause share it, the cause
    comes first, the others followed. 0 for a comparison with the baseline."""
    confidence: float
    """Share of such findings that are right, 0 to 1."""
    causes: list[str]
    """Usual causes, the likeliest first, each without a full stop."""
    code: str
    """What to try first, as Python code; "" where no code helps."""
    check: str
    """How to check the cause, in whole sentences; "" where nothing is known."""
    evidence: list[EvidenceAnswer]
    """The single ones of the figures in words, each with its limit."""
    layer_steps: list[tuple[int, int]]
    """First and last step of each layer, parallel to `layers`."""


class Findings(TypedDict):
    """The findings so far; they are worked out in the background."""

    version: int
    """{API_VERSION}; the page refuses any other."""
    findings: list[FindingAnswer]
    """Findings of a growing run stay until it has been examined again."""
    runs: int
    """Number of runs that the answer is about."""
    unchecked: list[str]
    """Those of them that have records not examined yet."""
    pending: int
    """Number of series with records not examined yet; ask again while it is above 0."""
    errors: list[str]
    """One sentence for each run that could not be examined."""
