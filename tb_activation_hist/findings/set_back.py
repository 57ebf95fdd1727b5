"""Weights that something else than an optimizer sets back, again and again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from tb_activation_hist.core.setup_facts import RestoredWeights
from tb_activation_hist.findings.hits import Hit
from tb_activation_hist.findings.run_signals import RunSignals

STILL_SHARE: Final = 0.5
"""Part of a run after which they must still be set back."""


class SetBack(NamedTuple):
    """hits: all layers with weights, since they were set back first. every: steps from one time to
    the next. fact: of one parameter."""

    hits: list[Hit]
    every: int
    fact: RestoredWeights


def find_set_back(run: RunSignals, least_times: int) -> Iterator[SetBack]:
    """Where a parameter got one value so often, and still does."""
    found = [f for f in run.facts.of(RestoredWeights) if f.times >= least_times]
    late = [f for f in found if f.last >= STILL_SHARE * f.seen]
    if not late:
        return
    fact = max(late, key=lambda each: each.times)
    every = round((fact.last - fact.first) / (fact.times - 1))
    hits = [
        Hit(s, min(int(np.searchsorted(s.series.steps, fact.first)), len(s.series) - 1),
            len(s.series) - 1, {"set_back": fact.times})
        for s in run.learners
        if run.parameters_of(s.info)
    ]  # fmt: skip
    if hits:
        yield SetBack(hits, max(every, 1), fact)
