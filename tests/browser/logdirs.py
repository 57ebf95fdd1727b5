"""Log directories for the browser tests: values drawn from known distributions, stored by our codec."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util.tensor_util import make_tensor_proto

from tb_activation_hist.codec import BLOCK_RECORDS, encode_block
from tb_activation_hist.names import PLUGIN_NAME, LayerInfo
from tests.series import values_to_series

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tb_activation_hist.histogram import HistogramSeries

Values = npt.NDArray[np.float64]


class RunDirectory:
    """Writes layers' histograms and scalars into one run, as a training would."""

    def __init__(self, path: Path) -> None:
        self.writer = EventFileWriter(str(path))
        self._ordinals: dict[str, int] = {}

    def add_layer(self, info: LayerInfo, records: Sequence[Values], steps: Sequence[int]) -> None:
        """Append records of one layer, 32 to a block."""
        series = values_to_series(records, steps=steps, layer=info.layer)
        for first in range(0, len(series), BLOCK_RECORDS):
            self._add_block(info, series.take(slice(first, first + BLOCK_RECORDS)))

    def _add_block(self, info: LayerInfo, series: HistogramSeries) -> None:
        ordinal = self._ordinals.get(info.tag, 0)
        self._ordinals[info.tag] = ordinal + len(series)
        metadata = SummaryMetadata(
            plugin_data=SummaryMetadata.PluginData(
                plugin_name=PLUGIN_NAME, content=info.to_content()
            ),
            data_class="DATA_CLASS_TENSOR",
        )
        tensor = make_tensor_proto(encode_block(series, session=1, ordinal=ordinal))
        value = Summary.Value(tag=info.tag, metadata=metadata, tensor=tensor)
        self._add(value, int(series.steps[0]), float(series.wall_times[-1]))

    def add_scalars(self, tag: str, values: Sequence[float], steps: Sequence[int]) -> None:
        """A scalar tag, as `SummaryWriter.add_scalar` writes it."""
        for step, value in zip(steps, values, strict=True):
            self._add(Summary.Value(tag=tag, simple_value=value), step, time.time())

    def _add(self, value: Summary.Value, step: int, wall_time: float) -> None:
        event = Event(step=step, wall_time=wall_time, summary=Summary(value=[value]))
        self.writer.add_event(event)

    def close(self) -> None:
        """Everything is on disk afterwards."""
        self.writer.close()


def learning_layer(step: int, depth: float, rng: np.random.Generator, size: int = 4096) -> Values:
    """Outputs that spread out and keep some mass on both sides, deeper layers wider."""
    spread = (0.4 + 0.9 * (1 - np.exp(-step / 120))) * (0.7 + depth)
    values = rng.normal(0.15 * np.tanh(step / 200) * depth, spread, size)
    if depth > 0.5:
        values = np.maximum(values, 0.0)
    return values


def collapsing_layer(step: int, depth: float, rng: np.random.Generator, size: int = 4096) -> Values:
    """Outputs that explode in the first steps, then fall to a spike near zero."""
    burst = 1 + 14 * np.exp(-(((step - 25) / 18) ** 2)) * (0.3 + depth)
    alive = np.exp(-max(step - 40, 0) / (60 - 30 * depth))
    values = rng.normal(0, 0.02 + 0.6 * burst * alive, size)
    if depth > 0.5:
        values = np.where(rng.random(size) < 1 - 0.5 * alive, 0.0, np.abs(values))
    return values


STAGES = (("conv1", "Conv2d"), *((f"layer{index}", "Sequential") for index in (1, 2, 3, 4)))


def write_learning_and_collapsing(root: Path, steps: Sequence[int]) -> None:
    """Two runs of five layers: one learns, one collapses; with loss and learning rate."""
    for run, shape in (("mnist/lr=0.01", learning_layer), ("mnist/lr=1", collapsing_layer)):
        directory = RunDirectory(root / run)
        rng = np.random.default_rng(7)
        for order, (layer, kind) in enumerate(STAGES):
            info = LayerInfo(layer=layer, order=order, type=kind, shape=(64, 64, 14, 14))
            records = [shape(step, order / 4, rng) for step in steps]
            directory.add_layer(info, records, steps)
        good = run.endswith("0.01")
        loss = [2.3 * np.exp(-s / 90) + 0.05 if good else 2.3 + 3 * np.exp(-s / 20) for s in steps]
        directory.add_scalars("loss", loss, steps)
        directory.add_scalars("lr", [np.sin(s / max(steps) * 3.1) * 0.01 for s in steps], steps)
        directory.close()


def write_many_layers(
    root: Path, *, layers: int, runs: int, steps: Sequence[int], size: int = 512
) -> None:
    """A deep network: blocks of convolution, normalisation and ReLU under a module tree."""
    for number in range(runs):
        directory = RunDirectory(root / f"deep/run{number}")
        rng = np.random.default_rng(number)
        pool = [learning_layer(step, 0.2 + 0.1 * number, rng, size) for step in steps]
        for order in range(layers):
            block, part = divmod(order, 3)
            name = f"stage{block // 4}.{block % 4}.{('conv', 'bn', 'act')[part]}"
            info = LayerInfo(
                layer=name,
                order=order,
                type=("Conv2d", "BatchNorm2d", "ReLU")[part],
                shape=(64, 64, 14, 14),
            )
            scale = 1 + order / layers
            records = [np.maximum(v, 0) * scale if part == 2 else v * scale for v in pool]
            directory.add_layer(info, records, steps)
        directory.close()
