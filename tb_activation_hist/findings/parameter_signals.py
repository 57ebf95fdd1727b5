"""How large each parameter, its gradients and its updates were, and when it did not change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.parameter_sizes import (
    SAME,
    SIZED_KINDS,
    UNKNOWN,
    ParameterSizes,
    SizeSeries,
)
from tb_activation_hist.core.tallies import Tallies
from tb_activation_hist.findings.signals import BoolArray, Signals

SAME_TOLERANCE: Final = 1e-12
"""Rounding of sums of float64 that are added up again when records are pooled; one step of a
float32 weight changes more."""


@dataclass(frozen=True, eq=False)
class SizeHistory:
    """Sizes of one parameter, of its gradients or of its updates; arrays are (S,).

    rms: root mean square of the finite values; that of updates is relative to the weights'.
    idle: of weights, whether they are bit for bit what they were at the record before, False for
    the first; of gradients and updates, whether all values are 0.
    """

    signals: Signals
    steps: IntArray
    rms: FloatArray
    idle: BoolArray

    @property
    def median_rms(self) -> float:
        """Median over the records with finite values; 0 without any."""
        known = self.rms[np.isfinite(self.rms)]
        return float(np.median(known)) if len(known) else 0.0

    @property
    def arrive(self) -> BoolArray:
        """(S,) whether a record holds values other than 0, be they NaN or infinite."""
        return (self.signals.series.n > 0) & ~self.idle


@dataclass(frozen=True, eq=False)
class ParameterSignals:
    """What was recorded of one parameter; None for what was not. info: its layer's description."""

    info: LayerInfo
    weights: SizeHistory | None = None
    gradients: SizeHistory | None = None
    updates: SizeHistory | None = None

    @property
    def name(self) -> str:
        return self.info.layer

    @property
    def is_matrix(self) -> bool:
        """Whether it multiplies inputs, unlike biases and the factors of norms."""
        return sum(size > 1 for size in self.info.shape) > 1

    @cached_property
    def records(self) -> int:
        """Number of records of the weights."""
        return 0 if self.weights is None else len(self.weights.steps)

    @cached_property
    def is_constant(self) -> bool:
        """Whether the weights were recorded twice or more, and never changed by a bit."""
        return self.weights is not None and self.records > 1 and bool(self.weights.idle[1:].all())

    @cached_property
    def largest_update(self) -> float:
        """Largest relative size of a recorded step's updates; inf where none is known."""
        if self.updates is None or not np.isfinite(self.updates.rms).any():
            return float("inf")
        return float(np.nanmax(self.updates.rms))

    def began_as(self, other: ParameterSignals) -> bool:
        """Whether it had the values of another parameter when both were recorded first."""
        if self.weights is None or other.weights is None or self.info.shape != other.info.shape:
            return False
        one, two = self.weights.signals.series, other.weights.signals.series
        figures = ("sum", "sum_sq", "min", "max")
        return all(getattr(one.tallies, f)[0] == getattr(two.tallies, f)[0] for f in figures)


@dataclass(frozen=True, eq=False)
class MeasuredSignals(Signals):
    """Sizes that were measured without a histogram, as a series without bins; idle: exact."""

    idle: BoolArray


def sizes_to_signals(sizes: ParameterSizes, layers: Sequence[Signals]) -> Iterator[MeasuredSignals]:
    """The measured sizes of kinds that have no histograms."""
    counted = {(s.info.layer, s.info.kind) for s in layers}
    places = {s.info.layer: s.info for s in layers if s.info.kind == "activations"}
    for name, history in sizes.items():
        place = places.get(history.layer)
        info = LayerInfo(
            name, order=place.order if place else len(places), type=place.type if place else "",
            shape=history.info.shape, dtype=history.info.dtype,
        )  # fmt: skip
        for kind, own in history.kinds.items():
            if len(own) and (name, kind) not in counted and layers:
                idle = _unmoved(own) if kind == "weights" else own.zeros == own.n
                series = _to_series(own)
                yield MeasuredSignals(replace(info, kind=kind), series, layers[0].options, idle)


def _unmoved(weights: SizeSeries) -> BoolArray:
    """(S,) whether the weights are those of the record before.

    Where no flag is known, as at the start of a resumed run, equal sums decide.
    """
    figures = (weights.n, weights.zeros, weights.low, weights.high, weights.sum, weights.sum_sq)
    equal = np.zeros(len(weights), dtype=bool)
    equal[1:] = np.all([each[1:] == each[:-1] for each in figures], axis=0)
    same: BoolArray = (weights.same == SAME) | ((weights.same == UNKNOWN) & equal)
    same &= weights.non_finite == 0
    return same


def _to_series(own: SizeSeries) -> HistogramSeries:
    none, times = np.zeros(len(own), np.int64), np.zeros(len(own))
    tallies = Tallies(
        own.steps, times, own.n, own.zeros, own.non_finite, none, none,
        own.low, own.high, own.sum, own.sum_sq,
    )  # fmt: skip
    return HistogramSeries(tallies, none[:0], np.zeros((len(own), 0), np.uint32))


def series_to_parameters(layers: Iterable[Signals]) -> list[ParameterSignals]:
    """The parameters of a run, from the series of their kinds, in model order."""
    found: dict[str, dict[str, Signals]] = {}
    for signals in layers:
        if signals.info.kind in SIZED_KINDS:
            found.setdefault(signals.info.layer, {})[signals.info.kind] = signals
    return [_to_parameter(own) for own in found.values()]


def _to_parameter(own: Mapping[str, Signals]) -> ParameterSignals:
    info = next(iter(own.values())).info
    sizes = {kind: _to_sizes(signals) for kind, signals in own.items()}
    return ParameterSignals(info, *(sizes.get(kind) for kind in SIZED_KINDS))


def _to_sizes(signals: Signals) -> SizeHistory:
    weights = signals.info.kind == "weights"
    if isinstance(signals, MeasuredSignals):
        return SizeHistory(signals, signals.series.steps, signals.rms, signals.idle)
    idle = _unchanged(signals) if weights else signals.series.zeros == signals.series.n
    return SizeHistory(signals, signals.series.steps, signals.rms, idle)


def _unchanged(signals: Signals) -> BoolArray:
    """(S,) whether a record shows the values of the one before."""
    series = signals.series
    finite = np.maximum(series.finite, 1)
    same = np.zeros(len(series), dtype=bool)
    if len(series) < 2:
        return same
    square = series.tallies.sum_sq / finite
    same[1:] = np.abs(np.diff(square)) <= SAME_TOLERANCE * square[1:]
    same[1:] &= np.abs(np.diff(series.mean)) <= SAME_TOLERANCE * np.sqrt(square[1:])
    same[1:] &= (np.diff(series.min) == 0) & (np.diff(series.max) == 0)
    same[1:] &= (series.finite == series.n)[1:]
    return same
