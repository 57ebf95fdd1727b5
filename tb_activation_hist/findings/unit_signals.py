"""What the rules of single units look at: the slices of split layers, over the records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any, Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.slice_series import SliceSeries
from tb_activation_hist.findings.hits import Hit
from tb_activation_hist.findings.rule import Observation
from tb_activation_hist.findings.signals import (
    EARLY_RECORDS,
    BoolArray,
    Signals,
    sustained_records,
    train_activations,
)
from tb_activation_hist.findings.thresholds import Thresholds

NAMED: Final = 24
"""Maximum number of units, or of their ranges, that a title names; the figures name all."""


FEW_UNITS: Final = 3
"""Fewer units than this are lost at a time in healthy trainings (bench/findings)."""

MANY_SHARE: Final = 0.5
"""Below this share of a layer, units that it loses as it begins cost it only their width."""

EARLY_SHARE: Final = 0.1
"""Of the run, in which units are lost while a healthy layer finds its place too."""

SUM_TOLERANCE: Final = 0.1
"""How far means that add up to 1 may miss it; they are rounded in storage."""

AT_A_TIME: Final = 0.05
"""Of the run, in which units are lost by one cause."""


@dataclass(frozen=True, eq=False)
class UnitSignals:
    """A split layer's units in training; figures are (S, K), NaN where undefined.

    Records of short batches, in which units have few values, are left out.
    """

    signals: Signals
    slices: SliceSeries

    @cached_property
    def zero(self) -> BoolArray:
        """Whether all finite values of a unit are 0, of which there must be some."""
        finite = self.slices.finite
        dead: BoolArray = (finite > 0) & (self.slices.zeros == finite)
        return dead

    @cached_property
    def scale_ratio(self) -> FloatArray:
        """Root mean square of a unit beside that of the layer's median unit that is not dead."""
        scale = np.where(self.zero, np.nan, self.slices.rms)
        known = np.isfinite(scale).any(axis=1)
        median = np.full(len(scale), np.nan)
        median[known] = np.nanmedian(scale[known], axis=1)
        with np.errstate(all="ignore"):
            return np.where(median[:, None] > 0, self.slices.rms / median[:, None], np.nan)

    @cached_property
    def routed(self) -> bool:
        """Whether the units share something out among them, as experts do with tokens.

        It is a tensor of `record`: a number per unit, as a load, or routing weights, which lie
        between 0 and 1 and whose means add up to at most 1.
        """
        info, slices = self.signals.info, self.slices
        if info.type:
            return False
        total = np.nansum(slices.mean, axis=1)
        inside = slices.tallies.low.min() >= 0 and slices.tallies.high.max() <= 1
        return len(info.shape) == 1 or bool(inside and total.max() <= 1 + SUM_TOLERANCE)

    def hit(self, since: IntArray, figures: Mapping[str, Any]) -> Hit:
        """A hit from the first of these records of the slices to the last one."""
        steps = self.signals.series.steps
        ends = self.slices.steps[[int(since.min()), -1]]
        first, last = np.minimum(np.searchsorted(steps, ends), len(steps) - 1).tolist()
        return Hit(self.signals, first, last, figures)

    def lasting(self, state: BoolArray) -> IntArray:
        """(K,) record from which on a state (S, K) holds to the end; S where it does not.

        Records in which a unit is 0 throughout neither show nor end a state of living units.
        """
        records, column = len(state), np.arange(state.shape[1])
        begin = trailing_begin(state | self.zero)
        shown = np.concatenate([np.zeros((1, len(column)), np.int64), state.cumsum(axis=0)])
        often = shown[-1] - shown[begin, column]
        first = (state & (np.arange(records)[:, None] >= begin)).argmax(axis=0)
        least = sustained_records(records, self.signals.options)
        return np.where(often >= least, first, records)


def split_layers(layers: Sequence[Signals]) -> Iterator[UnitSignals]:
    """The outputs in training that were recorded with slices."""
    for signals in train_activations(layers):
        slices = signals.series.slices
        if slices is None or slices.slices < 2 or not len(slices):
            continue
        per_record = slices.n.max(axis=1)
        whole = slices.take(2 * per_record >= np.median(per_record))
        yield UnitSignals(signals, whole)


def trailing_begin(state: BoolArray) -> IntArray:
    """(K,) index from which a state (S, K) holds to the end; S where the end does not show it."""
    broken = ~state[::-1]
    held = np.where(broken.any(axis=0), broken.argmax(axis=0), len(state))
    begin: IntArray = len(state) - held
    return begin


def observe_by_harm(
    units: UnitSignals, since: IntArray, state: str, threshold: Mapping[str, float]
) -> Iterator[Observation]:
    """Findings about units that are lost: those of the beginning apart from those lost later.

    An info is what healthy layers lose too: fewer than half of their units in the beginning, or
    single ones later. Experts are few, and each is there to be used.
    """
    records = len(units.slices)
    begun = max(EARLY_SHARE * records, EARLY_RECORDS)
    lost = since < records
    many = lost.mean() >= MANY_SHARE
    later, early = lost & (since >= begun), lost & (since < begun)
    sudden = _most_at_a_time(since[later], AT_A_TIME * records) >= FEW_UNITS
    for own, harmful in ((later, many or sudden), (early, many)):
        if own.any():
            severity = None if harmful or units.routed else "info"
            at = np.where(own, since, records)
            yield observe_units(units, at, state, threshold, severity=severity)


def _most_at_a_time(since: IntArray, near: float) -> int:
    """Most units that are lost within `near` records of each other, at least within one."""
    times = np.sort(since)
    together = np.searchsorted(times, times + max(near, 1), side="right") - np.arange(len(times))
    return int(together.max(initial=0))


def observe_units(
    units: UnitSignals,
    since: IntArray,
    state: str,
    threshold: Mapping[str, float],
    figures: Mapping[str, Any] | None = None,
    severity: str | None = None,
) -> Observation:
    """A finding about those units for which `since`, (K,) a record, is one of the records.

    state: what they are, in words. figures: more of them. severity: where it is not the rule's.
    """
    found = np.flatnonzero(since < len(units.slices))
    begins = units.slices.steps[since[found]]
    measured = {
        "units": found.tolist(),
        "first_steps": begins.tolist(),
        "found_units": len(found),
        "all_units": units.slices.slices,
        "unit_share": len(found) / units.slices.slices,
        **(figures or {}),
    }
    label, first = units.signals.info.label, int(begins.min())
    when = f"since step {first}" if begins.max() == first else f"the first since step {first}"
    title = f"{label}: {len(found):,} of {units.slices.slices:,} units {state} {when}"
    hit = units.hit(since[found], measured)
    named = f"{title} ({name_units(found)})"
    return Observation(hits=[hit], title=named, threshold=threshold, severity=severity)


def name_units(units: Iterable[int] | IntArray) -> str:
    """Numbers of units, runs of neighbours as one: "3, 7-9"."""
    numbers = [int(each) for each in units]
    runs = [[n for _, n in run] for _, run in groupby(enumerate(numbers), lambda at: at[1] - at[0])]
    texts = [f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
    more = len(numbers) - sum(map(len, runs[:NAMED]))
    return ", ".join(texts[:NAMED]) + (f" and {more:,} more" if more else "")


def early_median(values: FloatArray, options: Thresholds, records: int) -> FloatArray:
    """(K,) median of the first few records."""
    early = values[: max(records, options.sustained_min)]
    known = np.isfinite(early).any(axis=0)
    median = np.full(values.shape[1], np.nan)
    median[known] = np.nanmedian(early[:, known], axis=0)
    return median
