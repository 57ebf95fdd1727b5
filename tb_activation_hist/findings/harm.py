"""Trouble in few layers that does no harm: the network learns on without them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.loss_signals import find_main_loss
from tb_activation_hist.findings.run_signals import RunSignals

JUDGED: Final = frozenset({"collapsed_share", "mostly_zero_share", "cycles"})
"""Limits of findings that need not be harmful: a branch may die, or swing, that is not needed."""

MOST_LAYERS: Final = 0.25
"""Share of the layers that such trouble is in at most."""

LATE_SHARE: Final = 0.1
"""Share of a run that such trouble begins after: from the start on, all losses fall at first."""

LEARNT: Final = 0.9
"""Loss before the trouble, relative to that of the beginning, at which something was learnt."""

WORSE: Final = 1.05
"""Loss after the trouble, relative to that before it, from which on it did harm."""

CERTAIN: Final = 2.0
"""Standard errors by which it must be above, so that a batch's loss does not decide."""

LEAST_MEANS: Final = 2
"""Means of a loss on both sides of the step at which the trouble begins."""


def judge_by_harm(findings: Sequence[Finding], run: RunSignals) -> list[Finding]:
    """The findings of a run; an info where the logged loss falls on in spite of the trouble.

    Only where nothing else is wrong, and where few layers are concerned.
    """
    judged = [not JUDGED.isdisjoint(finding.threshold) for finding in findings]
    others = [f for f, own in zip(findings, judged, strict=True) if not own]
    layers = {layer for f, own in zip(findings, judged, strict=True) if own for layer in f.layers}
    if any(f.severity != "info" for f in others) or len(layers) > MOST_LAYERS * len(run.outputs):
        return list(findings)
    return [
        to_info(finding) if own and goes_on_learning(run, finding.first_step) else finding
        for finding, own in zip(findings, judged, strict=True)
    ]


def to_info(finding: Finding) -> Finding:
    """The same finding, as one that is only worth knowing."""
    title = f"{finding.title}; the loss falls on"
    return replace(finding, severity="info", title=title)


def goes_on_learning(run: RunSignals, step: int) -> bool:
    """Whether the loss had fallen before a step, and did not rise again after it."""
    loss = find_main_loss(run)
    if loss is None or loss.non_finite or step < LATE_SHARE * run.last_step:
        return False
    means = np.array(loss.means)
    before = int(np.searchsorted(loss.steps, step))
    length = min(before, len(means) - before)
    if length < LEAST_MEANS:
        return False
    begin = float(means[:LEAST_MEANS].mean())
    known, late = float(means[before - length : before].mean()), float(means[-length:].mean())
    learnt = known < begin - (1 - LEARNT) * abs(begin)
    noise = float(np.diff(means[:before]).std() / np.sqrt(2)) * np.sqrt(2 / length)
    return learnt and late <= known + (WORSE - 1) * abs(known) + CERTAIN * noise
