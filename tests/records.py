"""Records for the writer made straight from values, independent of the counting kernels."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.core.schemes.scheme import Scheme
from tb_activation_hist.storage.writer import Record

Values = npt.NDArray[np.float32]
GARBAGE = 7
"""What the slots of non-finite values hold; nobody may read it."""


class FakeHost:
    """Host counts of one record; `wait` blocks until `arrived` is set."""

    def __init__(self, rows: Sequence[Values], scheme: Scheme = FLOAT_BITS) -> None:
        self.counts = np.stack([count(values, scheme) for values in rows])
        self.tallies = np.array([tally(values) for values in rows], np.int64)
        self.moments = np.array([moments(values) for values in rows], np.float64)
        self.arrived = threading.Event()
        self.arrived.set()
        self.released = False

    def wait(self) -> FakeHost:
        assert self.arrived.wait(20)
        return self

    def release(self) -> None:
        self.released = True


def count(values: Values, scheme: Scheme) -> npt.NDArray[np.int32]:
    finite = values[np.isfinite(values)]
    if isinstance(scheme, LinearBins):
        return np.bincount(scheme.values_to_bins(finite) + 1, minlength=scheme.slots).astype(
            np.int32
        )
    counts = np.bincount(finite.view(np.uint32) >> 19, minlength=8192).astype(np.int32)
    counts[4080:4096] = counts[8176:] = GARBAGE
    return counts


def tally(values: Values) -> list[int]:
    tests = (values == 0, np.isnan(values), np.isposinf(values), np.isneginf(values))
    return [values.size, *(int(test.sum()) for test in tests)]


def moments(values: Values) -> list[float]:
    finite = values[np.isfinite(values)].astype(np.float64)
    ends = [finite.min(initial=np.inf), finite.max(initial=-np.inf)]
    return [*ends, finite.sum(), np.sum(finite**2)]


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
    host = FakeHost(rows, layers[0].scheme)
    return Record(step, 1.7e9 + step, layers, host, scalars or {})


def random_rows(seed: int, number: int, size: int = 500) -> list[Values]:
    """Rows with zeros of both signs, tiny, huge and non-finite values among ordinary ones."""
    random = np.random.default_rng(seed)
    odd = np.array([0, -0.0, 1e-44, -1e-44, 3e38, -3e38, np.nan, np.inf, -np.inf], np.float32)
    return [
        np.concatenate([random.normal(0, i + 1, size).astype(np.float32), odd])
        for i in range(number)
    ]
