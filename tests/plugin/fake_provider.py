"""A data provider in memory that behaves as TensorBoard's own do, and counts what it is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from tensorboard.data.provider import (
    Run,
    RunTagFilter,
    ScalarDatum,
    ScalarTimeSeries,
    TensorDatum,
    TensorTimeSeries,
)

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import PLUGIN_NAME, RUN_INFO_TAG, LayerInfo
from tb_activation_hist.plugin.data_provider import DataProvider
from tb_activation_hist.storage.codec import BLOCK_RECORDS, encode_block


@dataclass
class FakeDataProvider:
    """`data[plugin][run][tag]` is a pair: plugin content, TensorDatums as they arrived."""

    data: dict[str, dict[str, dict[str, tuple[bytes, list[Any]]]]] = field(default_factory=dict)
    scalars: dict[str, dict[str, list[ScalarDatum]]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    tensors_read: int = 0
    limit_tensors: int = 10**9
    """A read of more series than this fails, as an answer over 256 MiB does."""

    def add_series(
        self,
        run: str,
        info: LayerInfo,
        series: HistogramSeries,
        *,
        session: int = 1,
        first: int = 0,
    ) -> None:
        """Blocks of our own; `first` is the ordinal of the first record."""
        for start in range(0, len(series), BLOCK_RECORDS):
            part = series.take(slice(start, start + BLOCK_RECORDS))
            self.add_block(run, info, encode_block(part, session, first + start), part)

    def add_block(self, run: str, info: LayerInfo, data: bytes, part: HistogramSeries) -> None:
        step, wall_time = int(part.steps[0]), float(part.wall_times[-1])
        self.add_bytes(run, info.tag, data, info.to_content(), step=step, wall_time=wall_time)

    @staticmethod
    def append(datums: list[Any], step: int, wall_time: float, text: Any) -> None:
        """One more event of a tag."""
        datums.append(TensorDatum(step=step, wall_time=wall_time, numpy=text))

    def add_bytes(
        self, run: str, tag: str, data: bytes, content: bytes, *, step: int, wall_time: float
    ) -> None:
        datum = TensorDatum(step=step, wall_time=wall_time, numpy=np.array(data, dtype=object))
        self.datums(PLUGIN_NAME, run, tag, content).append(datum)

    def add_info(self, run: str, text: bytes, wall_time: float = 1.0) -> None:
        self.add_bytes(run, RUN_INFO_TAG, text, b"", step=0, wall_time=wall_time)

    def add_histogram(self, run: str, tag: str, step: int, buckets: Sequence[Any]) -> None:
        datum = TensorDatum(step=step, wall_time=1e9 + step, numpy=np.array(buckets, np.float64))
        self.datums("histograms", run, tag).append(datum)

    def add_scalar(self, run: str, tag: str, points: Mapping[int, float]) -> None:
        self.scalars.setdefault(run, {})[tag] = [
            ScalarDatum(step=step, wall_time=1e9 + step, value=v) for step, v in points.items()
        ]

    def datums(self, plugin: str, run: str, tag: str, content: bytes = b"") -> list[Any]:
        tags = self.data.setdefault(plugin, {}).setdefault(run, {})
        return tags.setdefault(tag, (content, []))[1]

    def list_runs(self, context: Any, *, experiment_id: str) -> list[Run]:
        self.calls["list_runs"] += 1
        names = {run for runs in self.data.values() for run in runs} | self.scalars.keys()
        return [Run(run_id=name, run_name=name, start_time=1.5) for name in sorted(names)]

    def list_tensors(
        self, context: Any, *, experiment_id: str, plugin_name: str, run_tag_filter: RunTagFilter
    ) -> dict[str, dict[str, TensorTimeSeries]]:
        self.calls["list_tensors"] += 1
        return {
            run: {
                tag: TensorTimeSeries(
                    max_step=max(datum.step for datum in datums),
                    max_wall_time=max(datum.wall_time for datum in datums),
                    plugin_content=content,
                    description="",
                    display_name="",
                )
                for tag, (content, datums) in tags.items()
                if run_tag_filter.tags is None or tag in run_tag_filter.tags
            }
            for run, tags in self.data.get(plugin_name, {}).items()
            if run_tag_filter.runs is None or run in run_tag_filter.runs
        }

    def read_tensors(
        self,
        context: Any,
        *,
        experiment_id: str,
        plugin_name: str,
        downsample: int,
        run_tag_filter: RunTagFilter,
    ) -> dict[str, dict[str, list[Any]]]:
        self.calls["read_tensors"] += 1
        found = {
            run: {
                tag: list(d[1])[-downsample:]
                for tag, d in tags.items()
                if tag in run_tag_filter.tags
            }
            for run, tags in self.data.get(plugin_name, {}).items()
            if run in run_tag_filter.runs
        }
        if sum(map(len, found.values())) > self.limit_tensors:
            raise ConnectionError("RESOURCE_EXHAUSTED: Received message larger than max")
        self.tensors_read += sum(len(data) for tags in found.values() for data in tags.values())
        return found

    def list_scalars(
        self, context: Any, *, experiment_id: str, plugin_name: str
    ) -> dict[str, dict[str, ScalarTimeSeries]]:
        self.calls["list_scalars"] += 1
        empty = ScalarTimeSeries(
            max_step=0, max_wall_time=0.0, plugin_content=b"", description="", display_name=""
        )
        return {run: dict.fromkeys(tags, empty) for run, tags in self.scalars.items()}

    def read_scalars(
        self,
        context: Any,
        *,
        experiment_id: str,
        plugin_name: str,
        downsample: int,
        run_tag_filter: RunTagFilter,
    ) -> dict[str, dict[str, list[ScalarDatum]]]:
        return {
            run: {tag: points for tag, points in tags.items() if tag in run_tag_filter.tags}
            for run, tags in self.scalars.items()
            if run in run_tag_filter.runs
        }

    def read_last_scalars(
        self, context: Any, *, experiment_id: str, plugin_name: str, run_tag_filter: RunTagFilter
    ) -> dict[str, dict[str, ScalarDatum]]:
        self.calls["read_last_scalars"] += 1
        return {
            run: {tag: points[-1] for tag, points in tags.items() if tag in run_tag_filter.tags}
            for run, tags in self.scalars.items()
            if run in run_tag_filter.runs
        }

    def bound(self, experiment: str = "") -> DataProvider:
        """As a request sees it."""
        return DataProvider(self, None, experiment)
