"""Whether a layer's outputs differ from sample to sample, judged from the counts alone.

Where all N samples of a batch output the same, each value occurs N times, so that every bin's
count is a multiple of N. Counts of outputs that differ are multiples by chance.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.findings.signals import Signals

LEAST_SAMPLES: Final = 8
"""Samples of a batch below which counts are multiples of their number too often by chance."""

LEAST_VALUES: Final = 8
"""Values of a sample below which all of its counts may be multiples by chance."""

SINGLE_SPREAD: Final = 1e-3
"""Standard deviation, as a share of the root mean square, up to which single values are equal."""


def sample_spread(signals: Signals) -> FloatArray:
    """(S,) 0 where all samples of a record output the same, about 1 where they do not.

    NaN if it is unknown: batches of a few samples, samples of a few values that do not tell
    clearly, records of zeros alone. Outputs that differ by less than a bin's width count as equal.
    """
    values = math.prod(signals.info.shape[1:])
    if values < 1:
        return np.full(len(signals.series), np.nan)
    if values == 1:
        return _spread_of_single_values(signals)
    samples = _samples(signals, values)
    spread = _residue(signals, samples)
    if values < LEAST_VALUES:
        spread = np.where(spread == 0, spread, np.nan)
    return np.where(samples >= LEAST_SAMPLES, spread, np.nan)


def _samples(signals: Signals, values: int) -> IntArray:
    """(S,) samples of each record's batches; of one batch, where several add up to a record."""
    samples, usual = signals.series.n // values, signals.info.shape[0]
    return np.where(samples % max(usual, 1) == 0, np.minimum(samples, usual), samples)


def _residue(signals: Signals, samples: IntArray) -> FloatArray:
    """(S,) how far counts are from multiples, beside how far they are by chance."""
    series = signals.series
    apart_from_zero = (series.lower > 0) | (series.upper < 0)
    counts = series.bin_counts[:, apart_from_zero].astype(np.int64)
    number = np.maximum(samples, 1)[:, None]
    over = counts % number
    residue = np.minimum(over, number - over).sum(1)
    chance = np.minimum(counts, number / 4).sum(1)
    return np.where(chance > 0, residue / np.maximum(chance, 1), np.nan)


def _spread_of_single_values(signals: Signals) -> FloatArray:
    series = signals.series
    equal = series.std <= SINGLE_SPREAD * signals.rms
    known = (series.n >= LEAST_SAMPLES) & (signals.rms > 0)
    return np.where(known, np.where(equal, 0.0, 1.0), np.nan)
