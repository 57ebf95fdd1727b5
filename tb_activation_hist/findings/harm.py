"""Trouble in few layers that does no harm: the network learns on in spite of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.layer_types import is_cell_state
from tb_activation_hist.findings.loss_signals import (
    LEARNT,
    begins_at_chance,
    find_loss_trend,
    find_main_loss,
    has_learnt_all,
)
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.signals import Signals

GROWTH: Final = "growth"

JUDGED: Final = frozenset({"collapsed_share", "mostly_zero_share", "cycles", GROWTH})
"""Limits of findings that need not be harmful: a branch may die, or swing, that is not needed, and
a layer that starts far too small may grow to where it belongs."""

REFUTED: Final = frozenset(
    {
        "weights",
        "large_logits",
        "short_way",
        "small_update",
        "still_update",
        "vanishing_start",
        "vanishing_depth",
        "vanishing_last",
    }
)
"""Limits of findings by which a network cannot learn, or diverges: not one of the 32 that are right
in the examiner's sets is in a training whose loss falls as far as `LEARNT_ALL_ALONG`; nor is one of
the 7 sudden changes."""

CHANGES: Final = frozenset({"sudden_change"})
"""Kinds that a loss refutes in the same way: what was lost has been learnt again."""

FITTED: Final = frozenset({"saturated"})
"""Kinds that go with a network that fits all it is given, whose logits grow on and on."""

PASSED_SHARE: Final = 0.1
"""Last part of a run in which zeros that have passed are not there any more."""

MOST_LAYERS: Final = 0.25
"""Share of the layers that such trouble is in at most."""

LATE_SHARE: Final = 0.1
"""Share of a run that such trouble begins after: from the start on, all losses fall at first."""

LEARNS_ON: Final = 0.9
"""Loss at the end, relative to that before the trouble, at which something was learnt meanwhile."""

LEARNT_ALL_ALONG: Final = 0.7
"""Loss at the end, relative to that of the beginning, at which a network does learn, also with
zeros that were there from the first record on, as those of a sparse code, and with growth that a
batch norm takes away."""

LEARNT_FAR: Final = 0.25
"""The same for values that have grown, and for swings at the beginning."""

EARLY_SHARE: Final = 1 / 3
"""Share of a run in which swings have ended that belong to its beginning."""

WORSE: Final = 1.05
"""Loss after the trouble, relative to that before it, from which on it did harm."""

CERTAIN: Final = 2.0
"""Standard errors by which it must be above, so that a batch's loss does not decide."""

FIRST_STEP: Final = 2
"""Step up to which a state is one that the network begins with."""

BEGUN: Final = 64
"""Steps in which a run has just begun."""

SOON: Final = 8
"""Steps in which swings begin that may be those of the first steps."""

LAST_MEANS: Final = 3
"""Means of a loss that tell where a run under way is, when more of them are still those of its
first steps."""

LEAST_MEANS: Final = 2
"""Means of a loss on both sides of the step at which the trouble begins."""


def judge_by_harm(findings: Sequence[Finding], run: RunSignals) -> list[Finding]:
    """The findings of a run; an info where the logged loss falls on in spite of the trouble.

    Only where nothing else is wrong, and where few layers are concerned; zeros that were there from
    the start, and swings of a network that fits its data, may be in any.
    """
    findings = [
        to_info(f, "the loss has not risen so far") if _is_pending(f, run) else f
        for f in _refute(findings, run)
    ]
    judged = [not JUDGED.isdisjoint(finding.threshold) for finding in findings]
    own_findings = [f for f, own in zip(findings, judged, strict=True) if own]
    others = [f for f, own in zip(findings, judged, strict=True) if not own]
    layers = {layer for f in own_findings if not _may_be_in_any(f, run) for layer in f.layers}
    if any(f.severity != "info" for f in others) or len(layers) > MOST_LAYERS * len(run.outputs):
        return list(findings)
    return [
        _judge(finding, run) if own else finding
        for finding, own in zip(findings, judged, strict=True)
    ]


def _judge(finding: Finding, run: RunSignals) -> Finding:
    if not _does_harm(finding, run):
        return to_info(finding)
    if run.facts.last_step and _learnt_all_along(run, LEARNT):
        return to_info(finding, "the loss falls so far")
    return to_info(finding, "it passes") if _has_passed(finding, run) else finding


def _has_passed(finding: Finding, run: RunSignals) -> bool:
    """Whether zeros of layers that had others at first are fewer again at the end of the run.

    Or layers that begin at 0, as a part does whose weights of 0 are not trained at first, have left
    it.
    """
    if _begins_at_zero(finding, run):
        return all(float(signals.rms[signals.whole][-1]) > 0 for signals in _named(finding, run))
    limit = finding.threshold.get("mostly_zero_share")
    if limit is None or starts_with_zeros(finding):
        return False
    own = [signals.zero_share[signals.whole] for signals in _named(finding, run)]
    ends = [shares[-max(int(PASSED_SHARE * len(shares)), 1) :] for shares in own]
    return all(float(np.median(end)) < limit for end in ends)


def _begins_at_zero(finding: Finding, run: RunSignals) -> bool:
    """Whether its layers have put out nothing but 0 in the first record."""
    collapsed = "collapsed_share" in finding.threshold and finding.first_step <= FIRST_STEP
    return collapsed and all(signals.first_rms == 0 for signals in _named(finding, run))


def _refute(findings: Sequence[Finding], run: RunSignals) -> Sequence[Finding]:
    """The findings; an info where one says that nothing can be learnt, and the loss has fallen.

    And where layers begin at 0 and are frozen, as those are that are thawed later.
    """
    return [f if f.severity == "info" else _refute_one(f, run) for f in findings]


def _refute_one(finding: Finding, run: RunSignals) -> Finding:
    if _is_refuted(finding, run):
        return to_info(finding)
    frozen = all(run.is_frozen(signals.info) for signals in _named(finding, run))
    is_kept = frozen and _begins_at_zero(finding, run)
    return to_info(finding, "its weights are frozen") if is_kept else finding


def _is_refuted(finding: Finding, run: RunSignals) -> bool:
    if finding.kind in FITTED:
        # A loss of targets in large units comes down as far and has learnt little.
        return begins_at_chance(run) and has_learnt_all(run)
    change = finding.kind in CHANGES and "distance" in finding.threshold
    if not change and REFUTED.isdisjoint(finding.threshold):
        return False
    # To come down from far above the loss of guessing is not to have learnt.
    guessing = float(finding.figures.get("loss_of_guessing", np.inf))
    return _learnt_all_along(run, LEARNT_ALL_ALONG, guessing)


def _grows_before_bound(finding: Finding, run: RunSignals) -> bool:
    """Whether layers have grown whose scale is taken away right behind them.

    By batch norms, or, for the cell states of an LSTM, by the tanh that its outputs are made with.
    """
    grows = GROWTH in finding.threshold
    return grows and all(
        run.batch_norm_follows(signals) or is_cell_state(signals.info)
        for signals in _named(finding, run)
    )


def _named(finding: Finding, run: RunSignals) -> list[Signals]:
    return [s for s in run.outputs if s.info.layer in finding.layers]


def starts_with_zeros(finding: Finding) -> bool:
    """Whether a layer has too many zeros from the first record on, as a sparse code has."""
    return "mostly_zero_share" in finding.threshold and finding.first_step <= FIRST_STEP


def _may_be_in_any(finding: Finding, run: RunSignals) -> bool:
    """Whether the number of layers says nothing of the harm."""
    swings = "cycles" in finding.threshold
    return starts_with_zeros(finding) or (swings and _learnt_all_along(run, LEARNT_FAR))


def _swings_early(finding: Finding, run: RunSignals) -> bool:
    return "cycles" in finding.threshold and finding.last_step <= EARLY_SHARE * run.last_step


def _is_pending(finding: Finding, run: RunSignals) -> bool:
    """Whether the loss of a run that has just begun is yet to tell what it is worth."""
    swings = "cycles" in finding.threshold and finding.first_step <= SOON
    soon = (swings or _grows_before_bound(finding, run)) and _has_begun_well(run)
    return finding.severity != "info" and (soon or _has_come_down(finding, run))


def _has_come_down(finding: Finding, run: RunSignals) -> bool:
    """Whether the loss of large logits is below that of guessing in the last records so far."""
    loss, guessing = find_main_loss(run), finding.figures.get("loss_of_guessing")
    if guessing is None or not run.facts.last_step or loss is None or loss.non_finite:
        return False
    return float(np.median(loss.means[-LAST_MEANS:])) <= LEARNT_ALL_ALONG * float(guessing)


def _has_begun_well(run: RunSignals) -> bool:
    """Whether a run is under way, has just begun, and logs a loss that has not risen so far."""
    loss = find_main_loss(run)
    if not 0 < run.facts.last_step <= BEGUN or loss is None or loss.non_finite:
        return False
    means = loss.means
    late = means[-max(len(means) // 4, LEAST_MEANS) :]
    return float(np.mean(late)) <= means[0] + (WORSE - 1) * abs(means[0])


def _does_harm(finding: Finding, run: RunSignals) -> bool:
    """Whether the loss tells nothing that refutes it."""
    if starts_with_zeros(finding) or _grows_before_bound(finding, run):
        return not _learnt_all_along(run, LEARNT_ALL_ALONG)
    if GROWTH in finding.threshold or _swings_early(finding, run):
        return not _learnt_all_along(run, LEARNT_FAR)
    return not goes_on_learning(run, finding.first_step)


def to_info(finding: Finding, why: str = "the loss falls on") -> Finding:
    """The same finding, as one that is only worth knowing, and why it is no more."""
    title = f"{finding.title}; {why}"
    return replace(finding, severity="info", title=title)


def goes_on_learning(run: RunSignals, step: int) -> bool:
    """Whether the loss falls after a step, or had fallen before it and did not rise again."""
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
    stays = late <= known + (WORSE - 1) * abs(known) + CERTAIN * noise
    falls = late <= known - (1 - LEARNS_ON) * abs(known) - CERTAIN * noise
    return bool((learnt and stays) or falls)


def _learnt_all_along(run: RunSignals, share: float, most: float = np.inf) -> bool:
    """Whether the loss has fallen to such a share of the first one, and ends near its lowest.

    most: what the first one counts as at most.
    """
    trend = find_loss_trend(run)
    if trend is None:
        return False
    # A loss that shoots up in the first steps comes back without anything learnt.
    begin = min(trend.begin, trend.first, most)
    if begin <= 0 or trend.end > share * begin:
        return False
    return trend.end - trend.lowest <= (1 - LEARNT) * (begin - trend.lowest)
