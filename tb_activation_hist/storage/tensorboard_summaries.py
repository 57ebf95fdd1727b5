"""Summaries for TensorBoard's own dashboards: histograms, scalars and one chart layout."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tb_activation_hist.core.grid import NEAR_ZERO
from tb_activation_hist.core.names import SUMMARY_PREFIX, LayerInfo
from tb_activation_hist.core.record_counts import RecordCounts
from tb_activation_hist.storage.record_statistics import (
    BUCKETS,
    record_histograms,
    record_statistics,
)
from tb_activation_hist.storage.tensorboard_proto import add_string


def summary_tag(name: str, info: LayerInfo) -> str:
    """Tag of a statistic of a layer; of its histogram with name ``histogram``."""
    return f"{SUMMARY_PREFIX}{name}/{info.key}"


def add_statistics(
    summary: Any, layers: Sequence[LayerInfo], counts: RecordCounts, rows: Sequence[int]
) -> None:
    """Append the scalars of these rows to a ``Summary`` proto."""
    for name, values in record_statistics(counts).items():
        for row in rows:
            tag = summary_tag(name, layers[row])
            summary.value.add(tag=tag, simple_value=float(values[row]))


def add_histograms(
    summary: Any,
    layers: Sequence[LayerInfo],
    counts: RecordCounts,
    rows: Sequence[int],
    described: set[str],
) -> None:
    """Append the histograms of these rows to a ``Summary`` proto.

    The tensor form is used, [k, 3] in float64: both of TensorBoard's loaders pass it on as it is.
    described: tags whose metadata is in the file already; new ones are added.
    """
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
    from tensorboard.compat.proto.types_pb2 import DT_DOUBLE

    sizes = [TensorShapeProto.Dim(size=size) for size in (BUCKETS, 3)]
    buckets = record_histograms(counts).astype("<f8")
    for row in rows:
        tag = summary_tag("histogram", layers[row])
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


def add_layout(summary: Any, infos: Iterable[LayerInfo]) -> None:
    """Append the layout of the custom scalars tab: all layers, then module by module.

    All categories are closed: TensorBoard draws an open one at once, for all runs, which stops the
    browser for minutes where a sweep has a thousand lines.
    """
    from tensorboard.plugins.custom_scalar.layout_pb2 import Category, Layout
    from tensorboard.plugins.custom_scalar.metadata import (
        CONFIG_SUMMARY_TAG,
        create_summary_metadata,
    )

    groups = group_layers(infos)
    every = [info for group in groups.values() for info in group]
    categories = [Category(title="All layers", chart=_shared_charts(every), closed=True)]
    for title, group in groups.items():
        charts = [_margin_chart(info) for info in group] + _shared_charts(group)
        categories.append(Category(title=title, chart=charts, closed=True))
    layout = Layout(category=categories).SerializeToString()
    value = add_string(summary, CONFIG_SUMMARY_TAG, layout)
    value.metadata.CopyFrom(create_summary_metadata())


def group_layers(infos: Iterable[LayerInfo]) -> Mapping[str, list[LayerInfo]]:
    """Layers, sorted, by the name of the module that they are in, with their phase and kind."""
    groups: dict[str, list[LayerInfo]] = {}
    for info in sorted(infos, key=lambda info: info.sort_key):
        module = info.layer.split(".")[0] if "." in info.layer else "model"
        prefix = info.key.removesuffix(info.layer)
        groups.setdefault(f"{prefix}{module}", []).append(info)
    return groups


def _margin_chart(info: LayerInfo) -> Any:
    """Mean with a band of one standard deviation."""
    from tensorboard.plugins.custom_scalar.layout_pb2 import Chart, MarginChartContent

    series = MarginChartContent.Series(
        value=summary_tag("mean", info),
        lower=summary_tag("mean-std", info),
        upper=summary_tag("mean+std", info),
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
                tag=[f"{re.escape(summary_tag(name, info))}$" for info in infos]
            ),
        )
        for name, title in titles.items()
    ]
