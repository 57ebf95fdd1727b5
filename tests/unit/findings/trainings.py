"""Runs of three blocks (Linear, ReLU), drawn from a generator, to plant one fault in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.tallies import Tallies
from tb_activation_hist.findings import Finding

Values = npt.NDArray[np.float32]
Change = Callable[[Values, int], Values]
Layers = dict[str, tuple[LayerInfo, HistogramSeries]]

RECORDS = 128
VALUES = 800
ONSET = 60


def unchanged(values: Values, _index: int) -> Values:
    return values


@lru_cache(maxsize=64)
def make_layer(
    name: str,
    kind: str,
    order: int,
    change: Change = unchanged,
    *,
    records: int = RECORDS,
    drift: float = 1.0,
    dtype: str = "float32",
    stream: str = "activations",
) -> tuple[LayerInfo, HistogramSeries]:
    """A layer whose scale goes from 1 to 1 + drift; the ReLU of it where `kind` is ReLU.

    change: what the fault does to the values of a record (index from 0); steps count from 1.
    """
    random = np.random.default_rng(order)

    def record(index: int) -> Values:
        values = random.normal(size=VALUES).astype(np.float32)
        values *= 1 + drift * index / records + 0.02 * random.normal()
        return change(np.maximum(values, 0) if kind == "ReLU" else values, index)

    info = LayerInfo(name, stream, order=order, type=kind, shape=(VALUES,), dtype=dtype)
    return info, records_to_series([record(index) for index in range(records)])


def records_to_series(arrays: Sequence[Values]) -> HistogramSeries:
    """All records at once, which is a hundred times faster than one by one."""
    rows = len(arrays)
    flat = np.concatenate(arrays).astype(np.float64)
    row = np.repeat(np.arange(rows), [array.size for array in arrays])
    finite = np.isfinite(flat)
    bins, place = np.unique(FLOAT_BITS.values_to_bins(flat[finite]), return_inverse=True)
    cells = row[finite] * len(bins) + place
    counts = np.bincount(cells, minlength=rows * len(bins)).reshape(rows, len(bins))
    least, most = np.full(rows, np.inf), np.full(rows, -np.inf)
    np.minimum.at(least, row[finite], flat[finite])
    np.maximum.at(most, row[finite], flat[finite])

    def total(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.bincount(row[finite], values, minlength=rows).astype(np.float64)

    def tally(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        return np.bincount(row[mask], minlength=rows)

    tallies = Tallies(
        steps=np.arange(1, rows + 1),
        wall_times=np.arange(rows, dtype=np.float64) + 1.7e9,
        n=np.bincount(row, minlength=rows),
        zeros=tally(flat == 0),
        nans=tally(np.isnan(flat)),
        pos_infs=tally(np.isposinf(flat)),
        neg_infs=tally(np.isneginf(flat)),
        min=least,
        max=most,
        sum=total(flat[finite]),
        sum_sq=total(flat[finite] ** 2),
    )
    return HistogramSeries(tallies, bins, counts.astype(np.uint32))


def make_run(changes: Mapping[str, Change] | None = None, **drifts: float) -> Layers:
    """linear0, relu0 ... linear2, relu2, head; `changes` and drifts by layer name."""
    names = [f"{kind.lower()}{block}" for block in range(3) for kind in ("Linear", "ReLU")]
    kinds = [*("Linear", "ReLU") * 3, "Linear"]
    given = changes or {}
    layers = {}
    for order, (name, kind) in enumerate(zip([*names, "head"], kinds, strict=True)):
        change = given.get(name, unchanged)
        layers[name] = make_layer(name, kind, order, change, drift=drifts.get(name, 1.0))
    return layers


def after(onset: int, change: Callable[[Values], Values]) -> Change:
    """A change of all records from index `onset` on."""
    return lambda values, index: change(values) if index >= onset else values


def only(findings: Sequence[Finding]) -> Finding:
    assert len(findings) == 1, [finding.title for finding in findings]
    return findings[0]
