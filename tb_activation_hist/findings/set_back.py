"""Weights that something else than an optimizer sets back, again and again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from tb_activation_hist.core.setup_facts import RestoredWeights
from tb_activation_hist.findings.hits import Hit, hit_from_step
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
    figures = {"set_back": fact.times}
    hits = [hit_from_step(s, fact.first, figures) for s in run.owners_of_weights]
    if hits:
        yield SetBack(hits, max(every, 1), fact)
