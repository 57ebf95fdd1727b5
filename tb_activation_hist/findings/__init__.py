"""Diagnoses from stored histograms alone, each with its evidence. numpy only.

Not public: may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.findings.aftermath import drop_aftermath
from tb_activation_hist.findings.depth_rules import (
    find_fading_over_depth,
    find_growth_over_depth,
    find_vanishing_gradients,
)
from tb_activation_hist.findings.difference_rules import find_run_difference
from tb_activation_hist.findings.finding import (
    FINDING_KINDS,
    SEVERITIES,
    Finding,
    sort_findings,
)
from tb_activation_hist.findings.motion_rules import find_not_learning, find_sudden_changes
from tb_activation_hist.findings.options import FindingOptions
from tb_activation_hist.findings.review import Review
from tb_activation_hist.findings.scale_rules import find_exploding, find_spikes, find_vanishing
from tb_activation_hist.findings.share_rules import (
    find_low_precision,
    find_mostly_zero,
    find_outlier_features,
    find_saturated,
)
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.state_rules import find_collapsed, find_non_finite
from tb_activation_hist.findings.watch import INSTANT_KINDS, Watch

__all__ = [
    "DEFAULT_OPTIONS",
    "FINDING_KINDS",
    "INSTANT_KINDS",
    "SEVERITIES",
    "WATCHED_KINDS",
    "Finding",
    "FindingOptions",
    "Review",
    "Watch",
    "find_difference_findings",
    "find_run_findings",
    "sort_findings",
]

RunLayers: TypeAlias = Mapping[str, tuple[LayerInfo, HistogramSeries]]
Rule: TypeAlias = Callable[[str, Sequence[Signals], FindingOptions], list[Finding]]

WATCHED_KINDS: Final = tuple(kind for kind in FINDING_KINDS if kind != "run_difference")
"""What ``warn_on`` and ``stop_on`` take: all that one run can show."""

DEFAULT_OPTIONS: Final = FindingOptions()
RULES: Final[tuple[Rule, ...]] = (
    find_non_finite,
    find_collapsed,
    find_exploding,
    find_growth_over_depth,
    find_vanishing,
    find_fading_over_depth,
    find_vanishing_gradients,
    find_mostly_zero,
    find_saturated,
    find_spikes,
    find_not_learning,
    find_sudden_changes,
    find_low_precision,
    find_outlier_features,
)


def find_run_findings(
    run: str, layers: RunLayers, options: FindingOptions = DEFAULT_OPTIONS
) -> list[Finding]:
    """What is wrong in one run, the gravest first; an empty list when nothing is.

    layers: every series of the run, by tag or layer name (the keys are not used).
    """
    signals = [Signals(info, series, options) for info, series in layers.values() if len(series)]
    signals.sort(key=lambda s: (s.info.order, s.info.layer))
    findings = [finding for rule in RULES for finding in rule(run, signals, options)]
    steps = [int(step) for s in signals for step in s.series.steps[[0, -1]]]
    length = max(steps) - min(steps) if steps else 0
    return sort_findings(drop_aftermath(findings, length))


def find_difference_findings(
    runs: Mapping[str, RunLayers], options: FindingOptions = DEFAULT_OPTIONS
) -> list[Finding]:
    """Where each run parts from the first one, in the layers (tags) that both have."""
    names = list(runs)
    findings = []
    for name in names[1:]:
        pairs = list(_pair_layers(runs[names[0]], runs[name], options))
        findings += find_run_difference(names[0], name, pairs, options)
    return sort_findings(findings)


def _pair_layers(
    one: RunLayers, other: RunLayers, options: FindingOptions
) -> Iterator[tuple[Signals, Signals]]:
    baseline = {info.tag: Signals(info, series, options) for info, series in one.values()}
    for info, series in other.values():
        known = baseline.get(info.tag)
        if known is not None and len(known.series) and len(series):
            yield known, Signals(info, series, options)
