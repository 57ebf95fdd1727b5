"""All findings of one run, and of runs side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.parameter_sizes import NO_SIZES, ParameterSizes
from tb_activation_hist.findings.consequences import drop_consequences
from tb_activation_hist.findings.finding import SEVERITIES, Finding
from tb_activation_hist.findings.guidance.choose import guide_run
from tb_activation_hist.findings.guidance.network import describe_network
from tb_activation_hist.findings.harm import judge_by_harm
from tb_activation_hist.findings.incidents import to_incidents
from tb_activation_hist.findings.registry import (
    COMPARISON_RULES,
    DEFAULT_OPTIONS,
    FINDING_KINDS,
    RUN_RULES,
    FindingOptions,
)
from tb_activation_hist.findings.run_facts import NO_FACTS, RunFacts
from tb_activation_hist.findings.run_signals import to_run_signals
from tb_activation_hist.findings.signals import Signals

RunLayers: TypeAlias = Mapping[str, tuple[LayerInfo, HistogramSeries]]


def find_run_findings(
    run: str,
    layers: RunLayers,
    options: FindingOptions = DEFAULT_OPTIONS,
    facts: RunFacts = NO_FACTS,
    sizes: ParameterSizes = NO_SIZES,
    *,
    slow: bool = True,
    before_rule: Callable[[], object] = lambda: None,
) -> list[Finding]:
    """What is wrong in one run; an empty list when nothing is.

    Of split layers the whole is judged; what single slices show, their statistics tell.
    Findings of one incident stand together, its cause first; the most severe incident comes first,
    then the earliest.
    layers: every series of the run, by tag or layer name (the keys are not used). facts: what else
    is known of the run; see `info_to_run_facts`. Of a run with two trainings that have nothing to
    do with each other, the later one is judged. sizes: those of the parameters that were measured.
    slow: whether to look for the patterns that take longer, too. before_rule: called before each
    rule, such as to wait while other threads need the interpreter.
    """
    signals = to_run_signals(
        [
            Signals(info, series, options)
            for info, whole in layers.values()
            if info.slice is None and len(series := _since(facts.begins_at, whole))
        ],
        facts,
        sizes.since(facts.begins_at - 1) if facts.begins_at else sizes,
    )
    findings: list[Finding] = []
    for rule in RUN_RULES:
        before_rule()
        findings += rule.find_in_run(run, signals, options, slow=slow)
    steps = [int(step) for s in signals for step in s.series.steps[[0, -1]]] or [0]
    first, last = min(steps), max(steps)
    judged = judge_by_harm(drop_consequences(findings, last - first), signals)
    ordered = to_incidents(judged, first, last)
    return guide_run(ordered, [each.info for each in signals], first, describe_network(signals))


def _since(step: int, series: HistogramSeries) -> HistogramSeries:
    """The records from a step on."""
    return series.take(series.steps >= step) if step and len(series) else series


def find_difference_findings(
    runs: Mapping[str, RunLayers], options: FindingOptions = DEFAULT_OPTIONS
) -> list[Finding]:
    """Where each run differs from the first, in the layers (tags) that both have."""
    names = list(runs)
    findings = []
    for name in names[1:]:
        pairs = list(_pair_layers(runs[names[0]], runs[name], options))
        for rule in COMPARISON_RULES:
            findings += rule.find_in_pairs(names[0], name, pairs, options)
    infos = [info for layers in runs.values() for info, _ in layers.values()]
    return guide_run(sort_findings(findings), infos, 0)


def _pair_layers(
    one: RunLayers, other: RunLayers, options: FindingOptions
) -> Iterator[tuple[Signals, Signals]]:
    baseline = {info.tag: Signals(info, series, options) for info, series in one.values()}
    for info, series in other.values():
        known = baseline.get(info.tag)
        if known is not None and len(known.series) and len(series):
            yield known, Signals(info, series, options)


def sort_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Most severe first, then the earliest."""
    return sorted(
        findings,
        key=lambda f: (
            SEVERITIES.index(f.severity),
            FINDING_KINDS.index(f.kind),
            f.first_step,
            f.layers,
        ),
    )
