"""Runs that are read without TensorBoard, for the answers that the plugin makes of its runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
from tensorboard import data_compat, dataclass_compat
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.data.provider import (
    Run,
    RunTagFilter,
    ScalarDatum,
    ScalarTimeSeries,
    TensorDatum,
    TensorTimeSeries,
)
from tensorboard.util.tensor_util import make_ndarray

from tb_activation_hist.core.errors import FormatError
from tb_activation_hist.core.names import SUMMARY_PREFIXES
from tb_activation_hist.storage.event_file_reader import EventFilePath, decode_events
from tb_activation_hist.storage.memory_writer import StoredTag

SCALARS = "scalars"


@dataclass
class HeldTag:
    """The events of one tag; content: its plugin's metadata."""

    content: bytes
    datums: list[Any] = field(default_factory=list)


@dataclass
class HeldRuns:
    """All events of some runs, with the methods of TensorBoard's data provider that are needed.

    problems: a sentence for each file that cannot be read to its end.
    """

    plugins: dict[str, dict[str, dict[str, HeldTag]]] = field(default_factory=dict)
    """By plugin, run and tag."""
    start_times: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, plugin: str, run: str, tag: str, content: bytes) -> list[Any]:
        """The events of a tag, to which others may be added."""
        tags = self.plugins.setdefault(plugin, {}).setdefault(run, {})
        return tags.setdefault(tag, HeldTag(content)).datums

    def list_runs(self, _: Any = None, *, experiment_id: str) -> list[Run]:  # noqa: ARG002
        return [Run(run, run, start) for run, start in self.start_times.items()]

    def list_tensors(
        self,
        _: Any = None,
        *,
        experiment_id: str,  # noqa: ARG002
        plugin_name: str,
        run_tag_filter: RunTagFilter,
    ) -> dict[str, dict[str, TensorTimeSeries]]:
        return {
            run: {
                tag: TensorTimeSeries(
                    max_step=max(datum.step for datum in held.datums),
                    max_wall_time=max(datum.wall_time for datum in held.datums),
                    plugin_content=held.content,
                    description="",
                    display_name="",
                )
                for tag, held in tags.items()
            }
            for run, tags in self._find(plugin_name, run_tag_filter)
        }

    def read_tensors(
        self,
        _: Any = None,
        *,
        experiment_id: str,  # noqa: ARG002
        plugin_name: str,
        downsample: int,  # noqa: ARG002 - all is wanted
        run_tag_filter: RunTagFilter,
    ) -> dict[str, dict[str, list[Any]]]:
        return {
            run: {tag: held.datums for tag, held in tags.items()}
            for run, tags in self._find(plugin_name, run_tag_filter)
        }

    def list_scalars(
        self, _: Any = None, *, experiment_id: str, plugin_name: str
    ) -> dict[str, dict[str, ScalarTimeSeries]]:
        listed = self.list_tensors(
            experiment_id=experiment_id, plugin_name=plugin_name, run_tag_filter=RunTagFilter()
        )
        return {
            run: {
                tag: ScalarTimeSeries(
                    max_step=series.max_step,
                    max_wall_time=series.max_wall_time,
                    plugin_content=series.plugin_content,
                    description="",
                    display_name="",
                )
                for tag, series in tags.items()
            }
            for run, tags in listed.items()
        }

    def read_scalars(
        self,
        _: Any = None,
        *,
        experiment_id: str,
        plugin_name: str,
        downsample: int,
        run_tag_filter: RunTagFilter,
    ) -> dict[str, dict[str, list[ScalarDatum]]]:
        return self.read_tensors(
            experiment_id=experiment_id,
            plugin_name=plugin_name,
            downsample=downsample,
            run_tag_filter=run_tag_filter,
        )

    def read_last_scalars(
        self, _: Any = None, *, experiment_id: str, plugin_name: str, run_tag_filter: RunTagFilter
    ) -> dict[str, dict[str, ScalarDatum]]:
        found = self.read_scalars(
            experiment_id=experiment_id,
            plugin_name=plugin_name,
            downsample=1,
            run_tag_filter=run_tag_filter,
        )
        return {
            run: {tag: max(points, key=lambda point: point.step) for tag, points in tags.items()}
            for run, tags in found.items()
        }

    def _find(
        self, plugin: str, wanted: RunTagFilter
    ) -> Iterator[tuple[str, Mapping[str, HeldTag]]]:
        for run, tags in self.plugins.get(plugin, {}).items():
            if wanted.runs is None or run in wanted.runs:
                known = tags if wanted.tags is None else tags.keys() & set(wanted.tags)
                yield run, {tag: tags[tag] for tag in tags if tag in known}


def read_event_files(files: Sequence[EventFilePath]) -> HeldRuns:
    """All events of these files, as TensorBoard would read them. files: sorted by run."""
    held = HeldRuns()
    for run, own in groupby(files, key=lambda file: file.run):
        first_metadata: dict[str, Any] = {}
        for path in own:
            try:
                _hold_file(held, run, path, first_metadata)
            except OSError as err:
                held.problems.append(
                    f"Run {run!r}: {path.path} cannot be read: {err.strerror or err}."
                )
            except FormatError as err:
                held.problems.append(f"Run {run!r}: {path.path} is damaged: {err}")
    return held


def _hold_file(
    held: HeldRuns, run: str, path: EventFilePath, first_metadata: dict[str, Any]
) -> None:
    with path.open() as file:
        for _, event in decode_events(file):
            _hold_event(held, run, event, first_metadata)


def _hold_event(held: HeldRuns, run: str, event: Event, first_metadata: dict[str, Any]) -> None:
    held.start_times.setdefault(run, event.wall_time)
    # Our own points for TensorBoard's other tabs share events with nothing else.
    values = event.summary.value
    if len(values) == 0 or values[0].tag.startswith(SUMMARY_PREFIXES):
        return
    for each in dataclass_compat.migrate_event(data_compat.migrate_event(event), first_metadata):
        for value in each.summary.value:
            metadata = first_metadata.get(value.tag)
            if metadata is not None and value.HasField("tensor"):
                plugin = metadata.plugin_data
                datums = held.add(plugin.plugin_name, run, value.tag, plugin.content)
                datums.append(_to_datum(plugin.plugin_name, event, value))


def _to_datum(plugin: str, event: Any, value: Any) -> TensorDatum | ScalarDatum:
    if len(value.tensor.string_val) == 1:
        array = np.array(value.tensor.string_val[0], dtype=object)
    else:
        array = make_ndarray(value.tensor)
    if plugin == SCALARS:
        return ScalarDatum(event.step, event.wall_time, float(array.item()))
    return TensorDatum(event.step, event.wall_time, array)


def hold_memory(
    run: str, tags: Iterable[StoredTag], scalars: Mapping[str, Sequence[tuple[int, float]]]
) -> HeldRuns:
    """What a `MemoryWriter` keeps, as one run."""
    held = HeldRuns()
    for plugin, tag, content, blocks in tags:
        datums = held.add(plugin, run, tag, content)
        for step, wall_time, data in blocks:
            held.start_times.setdefault(run, wall_time)
            datums.append(TensorDatum(step, wall_time, np.array(data, dtype=object)))
    for tag, points in scalars.items():
        datums = held.add(SCALARS, run, tag, b"")
        datums += [ScalarDatum(step, 0.0, value) for step, value in points]
    return held
