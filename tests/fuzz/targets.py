"""What takes hostile input, and what must hold of it afterwards."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import IO, Any, Final

import numpy as np
from tensorboard.data.provider import TensorDatum

from tb_activation_hist.core.errors import FormatError
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo, content_to_layer_info, text_to_run_info
from tb_activation_hist.core.sessions import describe_notes
from tb_activation_hist.core.slice_counts import SLICE_STATISTICS
from tb_activation_hist.findings import find_run_findings
from tb_activation_hist.plugin.data_provider import Stamp
from tb_activation_hist.plugin.foreign_loader import load_histograms
from tb_activation_hist.plugin.response import to_json
from tb_activation_hist.plugin.schema import TileRequest
from tb_activation_hist.plugin.series_loader import LoadedSeries, load_blocks
from tb_activation_hist.plugin.tiles import make_tile
from tb_activation_hist.storage.codec import decode_block
from tb_activation_hist.storage.event_file_reader import EventFilePath
from tb_activation_hist.storage.run_index import RunIndex
from tb_activation_hist.storage.slice_codec import decode_slices
from tb_activation_hist.storage.tensorboard_histograms import buckets_to_series, legacy_to_buckets
from tests.fuzz import inputs
from tests.plugin.fake_provider import FakeDataProvider
from tests.series import values_to_series

STAMP: Final = Stamp(1, 1.0)


def check_block(rng: random.Random) -> None:
    """Decoded or refused; what is decoded keeps its promises and can be shown and examined."""
    data = inputs.hostile_block(rng)
    try:
        series = decode_block(data).series
    except FormatError:
        return
    tensor = TensorDatum(step=0, wall_time=0.0, numpy=np.array(data, dtype=object))
    check_series(load_blocks(None, STAMP, [tensor], series.scheme, "conv1"))
    find_run_findings("run", {"conv1": (LayerInfo("conv1"), series)})


def check_slices(rng: random.Random) -> None:
    """Decoded or refused; what is decoded keeps its promises and can be shown and examined."""
    try:
        slices = decode_slices(inputs.hostile_slices(rng), "conv1").series
    except FormatError:
        return
    assert (slices.steps[1:] > slices.steps[:-1]).all()
    assert min(slices.n.min(), slices.zeros.min(), (slices.finite - slices.zeros).min()) >= 0
    for name in SLICE_STATISTICS:
        assert slices.statistic(name).shape == slices.n.shape
    slices.pool([0]).to_columns()
    series = values_to_series([np.ones(4)] * len(slices))
    split = replace(series, slices=slices)
    find_run_findings("run", {"conv1": (LayerInfo("conv1", split=1), split)})


def check_metadata(rng: random.Random) -> None:
    try:
        info = content_to_layer_info(inputs.hostile_metadata(rng))
    except FormatError:
        return
    info.key.encode()
    assert content_to_layer_info(info.to_content()) == info
    to_json({"order": info.order, "shape": info.shape, "bins": info.scheme.to_dict()})
    hash(info.sort_key)


def check_notes(rng: random.Random) -> None:
    fields, sentence = text_to_run_info(inputs.hostile_notes(rng))
    to_json(fields).encode()
    sentence.encode()
    assert all(isinstance(text, str) for text in (*fields.get("silent", []), sentence))


def check_buckets(rng: random.Random) -> None:
    tensors = [
        TensorDatum(step=step, wall_time=float(step), numpy=inputs.hostile_buckets(rng))
        for step in range(3)
    ]
    check_series(load_histograms(STAMP, tensors, "w"))


def check_proto(rng: random.Random) -> None:
    buckets, moments = legacy_to_buckets(inputs.hostile_proto(rng))
    try:
        series = buckets_to_series([1], [1.0], [buckets], "w", [moments])
    except FormatError:
        return
    check_promises(series)


@dataclass(frozen=True)
class MemoryFile(EventFilePath):
    """An event file that lies in memory."""

    data: bytes

    def open(self) -> IO[bytes]:
        return io.BytesIO(self.data)


def check_file(rng: random.Random) -> None:
    """Whatever lies in a run's files, each layer is read, in part or not at all."""
    files = [MemoryFile(".", f"file {number}", inputs.hostile_file(rng)) for number in range(2)]
    index = RunIndex(files)
    "".join(index.problems).encode()
    to_json(index.info)
    index.last_step()
    index.schemes()
    for key, tag in index.keys.items():
        key.encode()
        try:
            series, broken = index.read(tag)
        except FormatError:
            continue
        "".join(map(str, broken)).encode()
        check_promises(series)
    describe_notes(index.notes)


def check_series(loaded: LoadedSeries) -> None:
    check_promises(loaded.series)
    for rows in (0, 256):
        to_json(make_tile(loaded, TileRequest("run", "tag", rows=rows, columns=2)).head)


def check_promises(series: HistogramSeries) -> None:
    # Not by their difference, which may be beyond an int64.
    assert (series.steps[1:] > series.steps[:-1]).all()
    assert (np.diff(series.edges) > 0).all()
    total = series.counts.sum(axis=1) + series.nans + series.pos_infs + series.neg_infs
    assert total.tolist() == series.n.tolist()
    series.quantile([0.1, 0.9])


CHECKS: Final[dict[str, Callable[[random.Random], None]]] = {
    "block": check_block,
    "slices": check_slices,
    "metadata": check_metadata,
    "notes": check_notes,
    "buckets": check_buckets,
    "proto": check_proto,
    "file": check_file,
}


def hostile_data(rng: random.Random) -> FakeDataProvider:
    """A healthy run beside one in which nothing is."""
    data = FakeDataProvider()
    healthy = values_to_series([np.linspace(-1, 1, 50)] * 40)
    data.add_series("good", LayerInfo("conv1"), healthy)
    data.add_scalar("good", "loss", {0: 1.0})
    data.add_info("bad", inputs.hostile_notes(rng))
    for number in range(5):
        content = inputs.hostile_metadata(rng) if number % 2 else inputs.INFO.to_content()
        for step in range(2):
            block = inputs.hostile_block(rng)
            data.add_bytes("bad", f"activations/{number}", block, content, step=step, wall_time=1.0)
    numbers: Any = inputs.hostile_buckets(rng)
    datum = TensorDatum(step=1, wall_time=1.0, numpy=numbers)
    data.datums("histograms", "bad", "w").append(datum)
    return data
