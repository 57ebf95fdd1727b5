"""Records for the writer made straight from values, independent of the counting kernels."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.record_counts import RecordCounts
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.scheme import Scheme
from tb_activation_hist.storage.writer import Record

Values = npt.NDArray[np.float32]


def values_to_counts(rows: Sequence[Values], scheme: Scheme = FLOAT_BITS) -> RecordCounts:
    """One row of counts for each array of values."""
    found = [
        np.unique(scheme.values_to_bins(values[np.isfinite(values)]), return_counts=True)
        for values in rows
    ]
    return RecordCounts(
        scheme,
        offsets=np.cumsum([0, *(len(bins) for bins, _ in found)]),
        bins=np.concatenate([bins for bins, _ in found]),
        counts=np.concatenate([counts for _, counts in found]),
        totals=np.array([totals(values) for values in rows], np.int64),
        moments=np.array([moments(values) for values in rows], np.float64),
    )


def totals(values: Values) -> list[int]:
    tests = (values == 0, np.isnan(values), np.isposinf(values), np.isneginf(values))
    return [values.size, *(int(test.sum()) for test in tests)]


def moments(values: Values) -> list[float]:
    finite = values[np.isfinite(values)].astype(np.float64)
    ends = [finite.min(initial=np.inf), finite.max(initial=-np.inf)]
    return [*ends, finite.sum(), np.sum(finite**2)]


class LateCounts:
    """Counts that arrive when `arrived` is set."""

    def __init__(self, counts: RecordCounts) -> None:
        self.arrived = threading.Event()
        self._counts = counts

    def wait(self) -> RecordCounts:
        assert self.arrived.wait(60)
        return self._counts


class LostCounts:
    """Counts that never arrive: waiting for them fails."""

    def wait(self) -> RecordCounts:
        msg = "the device is gone"
        raise OSError(msg)


def make_layers(number: int, scheme: Scheme = FLOAT_BITS) -> list[LayerInfo]:
    return [
        LayerInfo(f"block{i // 2}.conv{i}", order=i, type="Conv2d", scheme=scheme)
        for i in range(number)
    ]


def make_record(
    step: int,
    layers: Sequence[LayerInfo],
    rows: Sequence[Values],
    scalars: Mapping[str, object] | None = None,
) -> Record:
    counts = values_to_counts(rows, layers[0].scheme)
    return Record(step, 1.7e9 + step, layers, counts, scalars or {})


def make_late_record(step: int) -> tuple[Record, threading.Event]:
    """A record of one layer, and the event that makes its counts arrive."""
    counts = LateCounts(values_to_counts(random_rows(step, 1)))
    return Record(step, 1.7e9 + step, make_layers(1), counts), counts.arrived


def random_rows(seed: int, number: int, size: int = 500) -> list[Values]:
    """Rows with zeros of both signs, tiny, huge and non-finite values among ordinary ones."""
    random = np.random.default_rng(seed)
    odd = np.array([0, -0.0, 1e-44, -1e-44, 3e38, -3e38, np.nan, np.inf, -np.inf], np.float32)
    return [
        np.concatenate([random.normal(0, i + 1, size).astype(np.float32), odd])
        for i in range(number)
    ]
