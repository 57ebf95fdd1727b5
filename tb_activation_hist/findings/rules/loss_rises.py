"""A logged loss that rises all the way from the first steps on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tb_activation_hist.findings.hits import whole_run_hit
from tb_activation_hist.findings.loss_signals import chance_loss, find_loss_trend
from tb_activation_hist.findings.number_format import format_factor
from tb_activation_hist.findings.rule import Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.thresholds import UNIT_FACTOR, UNIT_SHARE, Thresholds, threshold

LEAST_STEPS: Final = 64
"""Steps after which a loss is judged: in the first it may rise, until the optimizer has settled."""


@dataclass(frozen=True, kw_only=True)
class LossRisesThresholds(Thresholds):
    loss_growth: float = threshold(
        1.25, UNIT_FACTOR, "Loss at the end of a run, relative to that of the beginning."
    )
    loss_rising: float = threshold(
        0.9,
        UNIT_SHARE,
        "Share of all pairs of stretches of a run in which the later one has the higher loss.",
        "Kendall 1938, rank correlation",
    )


def find_rising_loss(layers: RunSignals, options: LossRisesThresholds) -> Iterator[Observation]:
    """A loss that begins near that of guessing: others, as of a value that is learnt, may rise."""
    trend = find_loss_trend(layers)
    hits = [whole_run_hit(s, {}) for s in layers.learners[-1:]]
    if trend is None or chance_loss(layers, trend) is None or trend.length < LEAST_STEPS:
        return
    if trend.rising < options.loss_rising:
        return
    growth = trend.end / trend.first
    if growth < options.loss_growth:
        return
    yield Observation(
        hits=hits,
        title=f"the logged loss rises from the start: {trend.tag} goes from {trend.first:.3g} to "
        f"{trend.end:.3g}, {format_factor(growth)} times as much",
        threshold={"loss_growth": options.loss_growth, "loss_rising": options.loss_rising},
        figures={"loss_begin": trend.first, "loss_end": trend.end, "rising": trend.rising},
    )


LOSS_RISES: Final = RunRule(
    kind="loss_rises",
    severity="warning",
    seen="The one loss that the run logs begins near that of guessing, and rises all the way.",
    source="the scalars of logger.step(loss=...)",
    thresholds=LossRisesThresholds,
    explains={},
    find=(find_rising_loss,),
    online=None,
)
