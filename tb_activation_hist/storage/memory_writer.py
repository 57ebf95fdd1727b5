"""Keeps a run's records in memory, to be read at any time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from tb_activation_hist.core.execution_order import ExecutionOrder, info_to_execution_order
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.histogram_sizes import with_histograms
from tb_activation_hist.core.names import (
    PLUGIN_NAME,
    RUN_INFO_TAG,
    RUN_INFO_VERSION,
    SIZES_PLUGIN,
    SIZES_TAG,
    SLICES_PLUGIN,
    LayerInfo,
)
from tb_activation_hist.core.parameter_sizes import ParameterSizes
from tb_activation_hist.core.sessions import SessionPart, join_sessions
from tb_activation_hist.storage.blocks import BlockBuilder
from tb_activation_hist.storage.codec import Block, decode_block, decode_blocks
from tb_activation_hist.storage.options import WriterOptions
from tb_activation_hist.storage.size_blocks import SizeBlockBuilder, join_size_blocks
from tb_activation_hist.storage.size_codec import decode_sizes
from tb_activation_hist.storage.slice_blocks import SliceBlockBuilder
from tb_activation_hist.storage.slice_reader import attach_slices
from tb_activation_hist.storage.writer import Record, RecordWriter


class StoredTag(NamedTuple):
    """What is kept under a tag of a plugin: metadata, and (step, wall time, bytes) of blocks."""

    plugin: str
    tag: str
    content: bytes
    blocks: Sequence[tuple[int, float, bytes]]


class MemoryWriter(RecordWriter):
    """Keeps the records of an `ActivationHistLogger` in memory, about 400 bytes per layer and
    record.

    options: `WriterOptions`; those about files and charts have no effect. `histograms`, `infos` and
    `scalars` ({name: [(step, value), ...]}) can be read at any time, also after `close`.
    """

    def __init__(self, *, options: WriterOptions | None = None) -> None:
        super().__init__(options=options)
        self._blocks: dict[str, list[bytes]] = {}
        self._slice_blocks: dict[str, list[bytes]] = {}
        self._size_blocks: list[bytes] = []
        self.scalars: dict[str, list[tuple[int, float]]] = {}
        self.start()

    def store(self, record: Record) -> None:
        """Add a record to the blocks of its tags, and keep its scalars."""
        super().store(record)
        for name, value in self.read_scalars(record).items():
            self.scalars.setdefault(name, []).append((record.step, value))

    def store_block(self, builder: BlockBuilder) -> None:
        """Keep the records of a tag as a block."""
        self._blocks.setdefault(builder.info.tag, []).append(builder.take())

    def store_slices(self, builder: SliceBlockBuilder) -> None:
        """Keep the records of a layer's slices as a block."""
        self._slice_blocks.setdefault(builder.info.tag, []).append(builder.take())

    def store_sizes(self, builder: SizeBlockBuilder) -> None:
        """Keep the records of the parameters' sizes as a block."""
        self._size_blocks.append(builder.take())

    @property
    def measured_sizes(self) -> ParameterSizes:
        """The sizes of parameters that were measured so far, without those of histograms."""
        self.flush()
        return join_size_blocks([decode_sizes(data) for data in self._size_blocks])

    def parameter_sizes(self) -> ParameterSizes:
        """The sizes of all parameters, also of the kinds whose histograms were recorded."""
        histograms, infos = self.histograms, self.infos
        return with_histograms(
            self.measured_sizes, [(infos[key], series) for key, series in histograms.items()]
        )

    def save(self, *, final: bool) -> None:  # noqa: ARG002 - memory needs no last write
        self.store_partial_blocks()

    @property
    def histograms(self) -> dict[str, HistogramSeries]:
        """What was recorded so far, by layer key, in the order of `LayerInfo.sort_key`."""
        self.flush()
        return {key: self._decode(info) for key, info in self.infos.items()}

    @property
    def infos(self) -> dict[str, LayerInfo]:
        """What is known of each layer in `histograms`, by layer key, in the same order."""
        infos = [self._infos[tag] for tag in list(self._blocks)]
        infos.sort(key=lambda info: info.sort_key)
        return {info.key: info for info in infos}

    @property
    def execution_order(self) -> ExecutionOrder:
        """The order in which the layers ran."""
        return info_to_execution_order(self._fields)

    def stored_tags(self) -> list[StoredTag]:
        """All that an event file would hold of this run, but for scalars."""
        infos = self.infos
        info = json.dumps({"version": RUN_INFO_VERSION, **self.run_info}, default=str).encode()
        first = min((s.wall_times[0] for s in self.histograms.values() if len(s)), default=0.0)
        tags = [StoredTag(PLUGIN_NAME, RUN_INFO_TAG, b"", [(0, float(first), info)])]
        for each in infos.values():
            content = each.to_content()
            blocks = [self._place(each, data) for data in self._blocks[each.tag]]
            tags.append(StoredTag(PLUGIN_NAME, each.tag, content, blocks))
            slices = [(0, 0.0, data) for data in self._slice_blocks.get(each.tag, ())]
            if slices:
                tags.append(StoredTag(SLICES_PLUGIN, each.slices_tag, content, slices))
        sizes = [(0, 0.0, data) for data in self._size_blocks]
        return [*tags, StoredTag(SIZES_PLUGIN, SIZES_TAG, b"", sizes)] if sizes else tags

    @staticmethod
    def _place(info: LayerInfo, data: bytes) -> tuple[int, float, bytes]:
        """Step and time of a block as its event would have them."""
        series = decode_block(data, info.scheme, info.key, info.dtype).series
        return int(series.steps[0]), float(series.wall_times[-1]), data

    def _decode(self, info: LayerInfo) -> HistogramSeries:
        blocks = decode_blocks(self._blocks[info.tag], info.scheme, info.key, info.dtype)
        whole = [block for block in blocks if isinstance(block, Block)]
        parts = [SessionPart(block.series, block.session, block.ordinal) for block in whole]
        series = join_sessions(parts).series
        return attach_slices(series, info, self._slice_blocks.get(info.tag, []))
