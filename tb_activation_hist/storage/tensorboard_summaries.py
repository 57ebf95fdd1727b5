"""What TensorBoard's own dashboards get: ordinary histograms, scalars and one chart layout.

All layers of a record are worked out together, a dozen numpy calls in all, since the training
thread waits for the interpreter meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.grid import FloatArray, FloatBits
from tb_activation_hist.core.histogram import NEAR_ZERO
from tb_activation_hist.core.names import STOCK_PREFIX, LayerInfo
from tb_activation_hist.core.record_counts import OccupiedBins

BUCKETS: Final = 30
"""Equal-width buckets over the record's own range, as TensorBoard's histogram summaries have."""

PERCENTILE: Final = 0.99

HISTOGRAM_STRIDE: Final = 16
STATISTICS_STRIDE: Final = 8
"""Records from one point to the next, at least: at every record points would outweigh the blocks
(1,055 bytes per layer beside 394), so they take 83. The logger's own thinning leaves some 20,000
records of a long run; `Cadence` then gives some 500 histograms and 1,000 scalars.
"""

STATISTICS: Final = ("mean", "std", "mean-std", "mean+std", "near_zero", "abs_p99")
"""Scalars per layer; the two between mean and near_zero bound the margin charts."""


class Cadence:
    """Which records get a point: every `stride`-th for half of `points`, then ever fewer.

    Each doubling of the run's length then adds a quarter of `points`, so that a run of some
    thousand records has about as many as asked for. The first record always has one.
    """

    def __init__(self, points: int, stride: int) -> None:
        self._stride = stride
        self._dense = max(points // 2, 1) * stride
        self._on = points > 0
        self._seen = 0

    def next(self) -> bool:
        """Whether the next record gets a point."""
        stride = self._stride << (self._seen // self._dense).bit_length()
        due = self._on and self._seen % stride == 0
        self._seen += 1
        return due


class LayerCadence:
    """A `Cadence` for each layer: one that is rarely recorded, as in evaluation, has its own."""

    def __init__(self, points: int, stride: int) -> None:
        self._points = points
        self._stride = stride
        self._cadences: dict[str, Cadence] = {}

    def due_rows(self, record: RecordSummary) -> list[int]:
        """Rows of the record that get a point, of those that hold any value."""
        return [
            row
            for row in np.flatnonzero(record.tallies[:, 0]).tolist()
            if self._cadence(record.infos[row].tag).next()
        ]

    def _cadence(self, tag: str) -> Cadence:
        if tag not in self._cadences:
            self._cadences[tag] = Cadence(self._points, self._stride)
        return self._cadences[tag]


def stock_tag(name: str, info: LayerInfo) -> str:
    """Tag of a statistic of a layer; of its histogram with name ``histogram``."""
    return f"{STOCK_PREFIX}/{name}/{info.key}"


@dataclass(frozen=True)
class RecordSummary:
    """One record's rows with what their statistics and histograms need; every array is (rows,)."""

    infos: Sequence[LayerInfo]
    occupied: OccupiedBins
    tallies: npt.NDArray[np.int64]
    moments: FloatArray

    @property
    def finite(self) -> npt.NDArray[np.int64]:
        """Number of finite values of each row."""
        n = self.tallies[:, 0] - self.tallies[:, 2:].sum(axis=1)
        return np.asarray(n, np.int64)

    def statistics(self) -> dict[str, FloatArray]:
        """Each of `STATISTICS` for all rows; NaN where a row has no finite value."""
        finite = self.finite
        with np.errstate(all="ignore"):
            mean = np.where(finite > 0, self.moments[:, 2] / finite, np.nan)
            square = self.moments[:, 3] / finite
            std = np.sqrt(np.maximum(square - mean**2, 0))
            inside = self._below(np.full((len(finite), 1), NEAR_ZERO))
            inside -= self._below(np.full((len(finite), 1), -NEAR_ZERO))
            near = np.where(finite > 0, inside[:, 0] / finite, np.nan)
            high = self._abs_percentile()
        return dict(zip(STATISTICS, (mean, std, mean - std, mean + std, near, high), strict=True))

    def _abs_percentile(self) -> FloatArray:
        """Upper edge, at most the largest |x|, of the bin that holds this percentile of |x|."""
        occupied, finite = self.occupied, self.finite
        rows, offsets = occupied.rows, occupied.offsets
        if len(rows) == 0:
            return np.full(len(finite), np.nan)
        # Neighbours in a row descend, then ascend: sorting the sorted runs is a cheap merge.
        order = np.argsort((rows << 32) + self._sizes(), kind="stable")
        beyond = np.cumsum(occupied.counts[order][::-1])[::-1]
        beyond -= np.append(beyond, 0)[offsets[1:]][rows]
        # Ascending in size: the last bin with at least this share of the values in it or beyond it.
        reached = beyond > (1 - PERCENTILE) * finite[rows]
        last = offsets[:-1] + np.bincount(rows[reached], minlength=len(occupied)) - 1
        outer = self._outer_edges(occupied.bins[order[np.maximum(last, 0)]])
        largest = np.abs(self.moments[:, :2]).max(axis=1)
        return np.where(finite > 0, np.minimum(outer, largest), np.nan)

    def _sizes(self) -> npt.NDArray[np.int64]:
        """Whole numbers that ascend with the size of the values in each occupied bin."""
        if isinstance(self.occupied.scheme, FloatBits):
            return np.abs(self.occupied.bins)
        outer = self._outer_edges(self.occupied.bins)
        return np.asarray(np.unique(outer, return_inverse=True)[1], np.int64)

    def _outer_edges(self, bins: npt.NDArray[np.int64]) -> FloatArray:
        """The end of each bin that is further from zero."""
        scheme = self.occupied.scheme
        return np.maximum(np.abs(scheme.lower_edges(bins)), np.abs(scheme.upper_edges(bins)))

    def histograms(self) -> FloatArray:
        """(rows, BUCKETS, 3): left edge, right edge and count of equal-width buckets."""
        low, high = self.moments[:, 0], self.moments[:, 1]
        empty = self.finite == 0
        low, high = np.where(empty, 0.0, low), np.where(empty, 0.0, high)
        share = np.linspace(0, 1, BUCKETS + 1)
        edges = low[:, None] * (1 - share) + high[:, None] * share
        edges = np.clip(edges, low[:, None], high[:, None])
        edges[:, -1] = high
        below = self._below(edges)
        below[:, 0], below[:, -1] = 0, self.finite
        # All values equal: every bucket has width 0, and the last one has them all.
        below[:, 1:-1] *= (high > low)[:, None]
        buckets = np.stack([edges[:, :-1], edges[:, 1:], np.diff(below, axis=1)], axis=2)
        return np.asarray(buckets, np.float64)

    def _below(self, edges: FloatArray) -> FloatArray:
        """(rows, E) values below each row's edges, a count taken as uniform over its bin."""
        scheme, offsets = self.occupied.scheme, self.occupied.offsets
        bins, counts = self.occupied.bins, self.occupied.counts
        span = 1 << 15
        keys = self.occupied.rows * span + bins
        number = scheme.values_to_bins(edges)
        wanted = (np.arange(len(edges)) * span)[:, None] + number
        place = np.searchsorted(keys, wanted)
        cumulative = np.concatenate([[0], np.cumsum(counts)])
        below: FloatArray = cumulative[place] - cumulative[offsets[:-1]][:, None].astype(np.float64)
        if len(bins) == 0:
            return below
        at = np.minimum(place, len(bins) - 1)
        part = self._part_below(edges, number)
        return below + np.where(keys[at] == wanted, counts[at] * part, 0.0)

    def _part_below(self, edges: FloatArray, number: npt.NDArray[np.int64]) -> FloatArray:
        """Share of its own bin that lies below each edge; the zero bin lies at 0."""
        scheme = self.occupied.scheme
        low = np.maximum(scheme.lower_edges(number), self.moments[:, :1])
        high = np.minimum(scheme.upper_edges(number), self.moments[:, 1:2])
        with np.errstate(all="ignore"):
            part = np.clip((edges / 2 - low / 2) / (high / 2 - low / 2), 0, 1)
        part = np.asarray(np.where(high > low, part, edges > low), np.float64)
        zero = (scheme.lower_edges(number) < 0) & (scheme.upper_edges(number) > 0)
        point = zero & (scheme.upper_edges(number) < 2.0**-100)
        return np.where(point, edges > 0, part)


def add_statistics(summary: Any, record: RecordSummary, rows: Sequence[int]) -> None:
    """Append the scalars of these rows to a ``Summary`` proto."""
    for name, values in record.statistics().items():
        for row in rows:
            tag = stock_tag(name, record.infos[row])
            summary.value.add(tag=tag, simple_value=float(values[row]))


def add_histograms(
    summary: Any, record: RecordSummary, rows: Sequence[int], described: set[str]
) -> None:
    """Append the histograms of these rows to a ``Summary`` proto.

    The tensor form is used, [k, 3] in float64: both of TensorBoard's loaders pass it on as it is.
    described: tags whose metadata is in the file already; new ones are added.
    """
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
    from tensorboard.compat.proto.types_pb2 import DT_DOUBLE

    sizes = [TensorShapeProto.Dim(size=size) for size in (BUCKETS, 3)]
    buckets = record.histograms().astype("<f8")
    for row in rows:
        tag = stock_tag("histogram", record.infos[row])
        value = summary.value.add(tag=tag)
        value.tensor.dtype = DT_DOUBLE
        value.tensor.tensor_shape.dim.extend(sizes)
        value.tensor.tensor_content = buckets[row].tobytes()
        if tag not in described:
            described.add(tag)
            value.metadata.CopyFrom(_histogram_metadata())


def _histogram_metadata() -> Any:
    from tensorboard.plugins.histogram.metadata import create_summary_metadata

    return create_summary_metadata(display_name="", description="")


def layout_summary(infos: Iterable[LayerInfo]) -> Any:
    """A ``Summary`` with the custom scalars layout: all layers, then module by module."""
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.compat.proto.types_pb2 import DT_STRING
    from tensorboard.plugins.custom_scalar.layout_pb2 import Category, Layout
    from tensorboard.plugins.custom_scalar.metadata import (
        CONFIG_SUMMARY_TAG,
        create_summary_metadata,
    )

    groups = group_layers(infos)
    every = [info for group in groups.values() for info in group]
    categories = [Category(title="All layers", chart=_shared_charts(every))]
    for title, group in groups.items():
        charts = [_margin_chart(info) for info in group] + _shared_charts(group)
        categories.append(Category(title=title, chart=charts, closed=True))
    summary = Summary()
    value = summary.value.add(tag=CONFIG_SUMMARY_TAG, metadata=create_summary_metadata())
    value.tensor.dtype = DT_STRING
    value.tensor.tensor_shape.SetInParent()
    value.tensor.string_val.append(Layout(category=categories).SerializeToString())
    return summary


def group_layers(infos: Iterable[LayerInfo]) -> Mapping[str, list[LayerInfo]]:
    """Layers in model order under the name of the module they are in, and their kind."""
    groups: dict[str, list[LayerInfo]] = {}
    for info in sorted(infos, key=lambda info: (info.phase != "train", info.kind, info.order)):
        module = info.layer.split(".")[0] if "." in info.layer else "model"
        prefix = info.key.removesuffix(info.layer)
        groups.setdefault(f"{prefix}{module}", []).append(info)
    return groups


def _margin_chart(info: LayerInfo) -> Any:
    """Mean with a band of one standard deviation."""
    from tensorboard.plugins.custom_scalar.layout_pb2 import Chart, MarginChartContent

    series = MarginChartContent.Series(
        value=stock_tag("mean", info),
        lower=stock_tag("mean-std", info),
        upper=stock_tag("mean+std", info),
    )
    return Chart(title=f"{info.key}: mean ± std", margin=MarginChartContent(series=[series]))


def _shared_charts(infos: Sequence[LayerInfo]) -> list[Any]:
    """One chart for each statistic, a line for each layer."""
    from tensorboard.plugins.custom_scalar.layout_pb2 import Chart, MultilineChartContent

    titles = {
        "mean": "mean",
        "std": "standard deviation",
        "near_zero": f"share with |x| ≤ {NEAR_ZERO}",
        "abs_p99": "99th percentile of |x|",
    }
    return [
        Chart(
            title=title,
            multiline=MultilineChartContent(
                tag=[f"{re.escape(stock_tag(name, info))}$" for info in infos]
            ),
        )
        for name, title in titles.items()
    ]
