"""Log directories made straight from values, for tests of the server and the page.

Of the writing side only the framing of events is used (TensorBoard's own takes 180 ns a byte);
blocks come straight from `codec.encode_block`.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tensorboard.compat.proto import event_pb2, summary_pb2, types_pb2
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.plugins.histogram.metadata import create_summary_metadata
from tensorboard.util.tensor_util import make_tensor_proto

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import PLUGIN_NAME, RUN_INFO_TAG, LayerInfo
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.scheme import Scheme
from tb_activation_hist.core.tallies import Tallies
from tb_activation_hist.storage.codec import BLOCK_RECORDS, encode_block
from tb_activation_hist.storage.event_file import first_event, frame
from tests.series import values_to_series

START = 1.7e9
"""Wall time of step 0; each step takes a second."""

_file_numbers = itertools.count()

Values = npt.NDArray[Any]


class RunFile:
    """One event file of a run directory, written event by event."""

    def __init__(self, logdir: str | Path, name: str, suffix: str = "") -> None:
        self.path = Path(logdir) / name
        self.path.mkdir(parents=True, exist_ok=True)
        stamp = f"{int(time.time()):010d}.test.{next(_file_numbers):06d}{suffix}"
        self._file = (self.path / f"events.out.tfevents.{stamp}").open("xb")
        self._file.write(frame(first_event()))
        self._described: set[str] = set()
        self._ordinals: dict[tuple[str, int], int] = {}

    def add_series(
        self,
        info: LayerInfo,
        series: HistogramSeries,
        *,
        session: int = 1,
        block_records: int = BLOCK_RECORDS,
    ) -> None:
        """All records of a series as blocks; ordinals go on from an earlier call."""
        for start in range(0, len(series), block_records):
            part = series.take(slice(start, start + block_records))
            ordinal = self._ordinals.get((info.tag, session), 0)
            self._ordinals[info.tag, session] = ordinal + len(part)
            self.add_block(info, part, encode_block(part, session, ordinal))

    def add_block(self, info: LayerInfo, series: HistogramSeries, data: bytes) -> None:
        """One block, of which the bytes may be anything."""
        self.add_bytes(
            info.tag,
            data,
            info.to_content(),
            step=int(series.steps[0]),
            wall_time=float(series.wall_times[-1]),
        )

    def add_bytes(
        self, tag: str, data: bytes, content: bytes, *, step: int, wall_time: float
    ) -> None:
        """One event of our plugin: a string tensor, with metadata the first time."""
        value = summary_pb2.Summary.Value(
            tag=tag, tensor=TensorProto(dtype=types_pb2.DT_STRING, string_val=[data])
        )
        if tag not in self._described:
            self._described.add(tag)
            value.metadata.plugin_data.plugin_name = PLUGIN_NAME
            value.metadata.plugin_data.content = content
            value.metadata.data_class = summary_pb2.DATA_CLASS_TENSOR
        self._add(value, step, wall_time)

    def add_info(self, info: Mapping[str, Any], *, step: int = 0, wall_time: float = START) -> None:
        """What is known of the run as a whole."""
        data = json.dumps(info).encode()
        self.add_bytes(RUN_INFO_TAG, data, b'{"version":1}', step=step, wall_time=wall_time)

    def add_scalar(self, tag: str, values: Iterable[float]) -> None:
        """One point for each step."""
        for step, value in enumerate(values):
            self._add(summary_pb2.Summary.Value(tag=tag, simple_value=value), step, START + step)

    def add_histogram(self, tag: str, buckets: Values, step: int) -> None:
        """One histogram in TensorBoard's tensor form: (k, 3) left, right, count."""
        value = summary_pb2.Summary.Value(tag=tag, tensor=make_tensor_proto(buckets))
        if tag not in self._described:
            self._described.add(tag)
            value.metadata.CopyFrom(create_summary_metadata(display_name="", description=""))
        self._add(value, step, START + step)

    def _add(self, value: Any, step: int, wall_time: float) -> None:
        summary = summary_pb2.Summary(value=[value])
        event = event_pb2.Event(summary=summary, step=step, wall_time=wall_time)
        self._file.write(frame(event.SerializeToString()))

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def write_run(
    logdir: str | Path,
    name: str,
    layers: Mapping[str, Sequence[Values] | HistogramSeries],
    *,
    kind: str = "activations",
    phase: str = "train",
    steps: Sequence[int] | None = None,
    types: Mapping[str, str] | None = None,
    scheme: Scheme = FLOAT_BITS,
    scalars: Mapping[str, Iterable[float]] | None = None,
    info: Mapping[str, Any] | None = None,
    session: int = 1,
    block_records: int = BLOCK_RECORDS,
    suffix: str = "",
) -> Path:
    """Write a whole run; returns its directory.

    layers: in model order; for each an array of values per record, or a series as it is.
    steps: of the records, 0, 1, 2 ... by default. suffix: of the file's name, for a second file.
    """
    file = RunFile(logdir, name, suffix)
    if info is not None:
        file.add_info(info)
    for order, (layer, records) in enumerate(layers.items()):
        given = isinstance(records, HistogramSeries)
        series = records if given else values_to_series(records, steps=steps, scheme=scheme)
        about = LayerInfo(
            layer=layer,
            kind=kind,
            phase=phase,
            order=order,
            type=(types or {}).get(layer, "Conv2d"),
            shape=() if given else tuple(np.shape(records[0])),
            scheme=series.scheme,
        )
        file.add_series(about, series, session=session, block_records=block_records)
    for tag, values in (scalars or {}).items():
        file.add_scalar(tag, values)
    file.close()
    return file.path


def healthy_values(
    records: int, size: int = 2000, *, relu: bool = False, seed: int = 0
) -> list[Values]:
    """Activations that slowly spread out, as in a training that learns."""
    rng = np.random.default_rng(seed)
    spread = np.linspace(0.5, 2.0, records)
    values = [(s * rng.standard_normal(size) + 0.1).astype(np.float32) for s in spread]
    return [np.maximum(v, 0) for v in values] if relu else values


def collapsing_values(
    records: int, size: int = 2000, *, at: float = 0.3, seed: int = 0
) -> list[Values]:
    """Activations that grow and are all zero from a share `at` of the records on."""
    rng = np.random.default_rng(seed)
    last = int(at * records)
    alive = [
        np.maximum(rng.standard_normal(size) * 1.5**i, 0).astype(np.float32)
        for i in np.linspace(0, 8, max(last, 1))
    ]
    return alive[:last] + [np.zeros(size, np.float32)] * (records - last)


def broken_values(records: int, size: int = 2000, *, seed: int = 0) -> list[Values]:
    """Healthy activations with NaN and both infinities in the last third."""
    values = healthy_values(records, size, seed=seed)
    for i in range(2 * records // 3, records):
        values[i][: i % 50 + 3] = np.nan
        values[i][-7:-2] = np.inf
        values[i][-2:] = -np.inf
    return values


def drifting_series(records: int, *, bins: int = 366, n: int = 800_000, seed: int = 0) -> Any:
    """A long series made from counts, fast: ReLU-like, as many occupied bins as ResNet-18 has."""
    rng = np.random.default_rng(seed)
    numbers = np.concatenate([[0], 1980 + np.arange(bins - 1)])
    centre = np.linspace(0, bins * 0.75, records)[:, None]
    shape = np.exp(-(((np.arange(bins)[None] - centre - bins * 0.2) / (bins * 0.3)) ** 2))
    expected = shape / shape.sum(axis=1, keepdims=True) * n * 0.5
    expected[:, 0] += n * 0.5
    counts = rng.poisson(expected).astype(np.uint32)
    total = counts.sum(axis=1, dtype=np.int64)
    middle = FLOAT_BITS.lower_edges(numbers) / 2 + FLOAT_BITS.upper_edges(numbers) / 2
    none = np.zeros(records, np.int64)
    tallies = Tallies(
        np.arange(records, dtype=np.int64),
        START + np.arange(records),
        total,
        counts[:, 0].astype(np.int64),
        none,
        none,
        none,
        np.zeros(records),
        np.full(records, FLOAT_BITS.upper_edges(numbers[-1:])[0]),
        counts @ middle,
        counts @ middle**2,
    )
    return HistogramSeries(tallies, numbers, counts)


def later(series: HistogramSeries, steps: int, seconds: float) -> HistogramSeries:
    """The same records some steps and seconds later."""
    tallies = replace(
        series.tallies,
        steps=series.steps + steps,
        wall_times=series.wall_times + seconds,
    )
    return replace(series, tallies=tallies)
