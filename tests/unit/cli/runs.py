"""Log directories written by the real writer's parts, without torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.types_pb2 import DT_STRING
from tensorboard.summary.writer.record_writer import RecordWriter

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import PLUGIN_NAME, LayerInfo
from tb_activation_hist.storage.codec import BLOCK_RECORDS, encode_block
from tests.unit.findings.trainings import Layers, after, make_layer

RECORDS = 48
EVENT_FILE = "events.out.tfevents.1700000000.host.1.0"


def healthy_layers() -> Layers:
    return {
        name: make_layer(name, kind, order, records=RECORDS)
        for order, (name, kind) in enumerate((("block.linear", "Linear"), ("block.relu", "ReLU")))
    }


def collapsed_layers() -> Layers:
    dead = make_layer("block.relu", "ReLU", 1, after(20, lambda v: v * 0), records=RECORDS)
    return {**healthy_layers(), "block.relu": dead}


def nan_layers() -> Layers:
    broken = make_layer("block.relu", "ReLU", 1, after(20, lambda v: v * np.nan), records=RECORDS)
    return {**healthy_layers(), "block.relu": broken}


def write_bad_and_good(logdir: Path) -> str:
    """A run with a finding and one without, in a log directory, whose name is returned."""
    write_run(logdir / "bad", collapsed_layers())
    write_run(logdir / "good", healthy_layers())
    return str(logdir)


def write_run(folder: Path, layers: Layers) -> Path:
    """An event file with a few blocks a layer; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / EVENT_FILE
    with path.open("wb") as file:
        writer = RecordWriter(file)
        writer.write(Event(file_version="brain.Event:2", wall_time=1.7e9).SerializeToString())
        for info, series in layers.values():
            for start in range(0, len(series), BLOCK_RECORDS):
                block = series.take(slice(start, start + BLOCK_RECORDS))
                writer.write(_event(info, block, start).SerializeToString())
    return path


def _event(info: LayerInfo, block: HistogramSeries, ordinal: int) -> Event:
    plugin = SummaryMetadata.PluginData(plugin_name=PLUGIN_NAME, content=info.to_content())
    data = encode_block(block, session=1, ordinal=ordinal)
    value = Summary.Value(
        tag=info.tag,
        metadata=SummaryMetadata(plugin_data=plugin, data_class=2),
        tensor=TensorProto(dtype=DT_STRING, string_val=[data]),
    )
    event = Event(step=int(block.steps[0]), wall_time=float(block.wall_times[0]))
    event.summary.value.append(value)
    return event
