"""Stores a run's records: blocks for our plugin, points for TensorBoard's own dashboards."""

from __future__ import annotations

import json
import time
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol, TypeAlias

import numpy as np

from tb_activation_hist.core.loss_history import LOSSES_FIELD, LossFollowers
from tb_activation_hist.core.names import (
    PLUGIN_NAME,
    RUN_INFO_TAG,
    RUN_INFO_VERSION,
    SIZES_PLUGIN,
    SIZES_TAG,
    SLICES_PLUGIN,
    LayerInfo,
)
from tb_activation_hist.core.parameter_sizes import SizeRecord
from tb_activation_hist.core.record_counts import PendingCounts, RecordCounts
from tb_activation_hist.storage.background import BackgroundThread
from tb_activation_hist.storage.blocks import BlockBuilder, check_step
from tb_activation_hist.storage.dashboard_layers import DashboardLayers
from tb_activation_hist.storage.event_file import EventFile, Logdir, open_event_file
from tb_activation_hist.storage.options import WriterOptions
from tb_activation_hist.storage.size_blocks import SizeBlockBuilder
from tb_activation_hist.storage.slice_blocks import SliceBlockBuilder, SliceBuilders
from tb_activation_hist.storage.tensorboard_proto import add_string, describe, new_event
from tb_activation_hist.storage.tensorboard_summaries import (
    add_histograms,
    add_layout,
    add_statistics,
)
from tb_activation_hist.storage.thinning import (
    HISTOGRAM_STRIDE,
    STATISTICS_STRIDE,
    LayerThinning,
)

PENDING_BYTES: Final = 16 << 20
"""Encoded bytes that are kept for another try while the disk is full; older ones are given up."""

SAVE_BYTES: Final = 1 << 20
"""Encoded bytes after which the file is written without waiting for the next flush."""

Observer: TypeAlias = Callable[[int, float, Sequence[LayerInfo], RecordCounts], None]
"""Takes step, wall time, layers and counts of a record that is stored; must not raise."""


@dataclass(frozen=True)
class Record:
    """The data of one step: counts of some layers, and the user's scalars.

    layers: one for each row of `counts`; rows without a single value are left out. counts: None
    for scalars alone. scalars: floats or tensors with one element. Both are waited for on the
    writer's thread, which also calls `observe`.
    """

    step: int
    wall_time: float
    layers: Sequence[LayerInfo] = ()
    counts: PendingCounts | None = None
    scalars: Mapping[str, Any] = field(default_factory=dict)
    observe: Observer | None = None
    sizes: PendingSizes | None = None
    observe_sizes: Callable[[SizeRecord], None] | None = None


class PendingSizes(Protocol):
    """Sizes of parameters that may not have arrived yet."""

    step: int
    """The step that they are of, which is set when the step ends."""

    def wait(self) -> SizeRecord:
        """Block until they have arrived; not on the thread that trains."""


class RecordWriter(BackgroundThread[Record]):
    """Base of the writers to a file and to memory: collects the records of each tag in blocks."""

    def __init__(self, *, options: WriterOptions | None = None) -> None:
        super().__init__(options or WriterOptions())
        self.session = int(np.random.SeedSequence().generate_state(1)[0])
        self._builders: dict[str, BlockBuilder] = {}
        self._slices = SliceBuilders(self.options, self.store_slices)
        self._sizes = SizeBlockBuilder(self.session, self.options.block_records)
        self._infos: dict[str, LayerInfo] = {}
        self._fields: dict[str, Any] = {}
        self._losses = LossFollowers()

    def write(self, record: Record) -> bool:
        """Queue a record; False when it was skipped or the writer has ended. Never raises."""
        scalars = {name: _detached(value) for name, value in record.scalars.items()}
        return self.put(replace(record, layers=tuple(record.layers), scalars=scalars))

    def update_info(self, **fields: Any) -> None:
        """Set fields of the run's information, which `RunWriter` stores."""
        self._fields = {**self._fields, **fields}

    @property
    def run_info(self) -> Mapping[str, Any]:
        """The run's information as it is now."""
        losses = self._losses.texts()
        return {**self._fields, LOSSES_FIELD: losses} if losses else self._fields

    def read_scalars(self, record: Record) -> dict[str, float]:
        """The user's scalars as numbers; what is not a number is left out, with a warning."""
        numbers = {}
        for name, value in record.scalars.items():
            try:
                numbers[name] = float(value)
            except (TypeError, ValueError, RuntimeError, OverflowError) as err:
                self.note_error(
                    f"The scalar {name!r} is not one number ({err}). Pass step() numbers or "
                    "one-element tensors; the histograms are not affected."
                )
        self._losses.add(record.step, numbers)
        return numbers

    def store(self, record: Record) -> None:
        """Add a record to the blocks of its tags."""
        check_step(record.step)
        if record.sizes is not None:
            self._guard(self._add_sizes, record, record.sizes)
        if record.counts is None:
            return
        counts = record.counts.wait()
        layers = [self._infos.setdefault(info.tag, info) for info in record.layers]
        for row in np.flatnonzero(counts.n[: len(layers)]).tolist():
            # A layer that cannot be stored takes neither the others nor its block along.
            self._guard(self._add, record, layers[row], counts, row)
        if counts.slices is not None:
            for row, slices in counts.slices.of_rows(len(layers)):
                place = record.step, record.wall_time, self.session
                self._guard(self._slices.add, layers[row], slices, *place)
        self._guard(self.store_summaries, record, layers, counts)
        if record.observe is not None:
            record.observe(record.step, record.wall_time, layers, counts)

    def _add_sizes(self, record: Record, sizes: PendingSizes) -> None:
        found = sizes.wait()
        if not self._sizes.fits(found):
            self.store_sizes(self._sizes)
        self._sizes.add(found)
        if record.observe_sizes is not None:
            record.observe_sizes(found)

    @abstractmethod
    def store_sizes(self, builder: SizeBlockBuilder) -> None:
        """Take the records of the parameters' sizes and keep them as a block."""

    def store_summaries(
        self, record: Record, layers: Sequence[LayerInfo], counts: RecordCounts
    ) -> None:
        """Store what a record gives beside blocks; only `RunWriter` does."""

    @abstractmethod
    def store_slices(self, builder: SliceBlockBuilder) -> None:
        """Take the records of a layer's slices and keep them as a block."""

    @abstractmethod
    def store_block(self, builder: BlockBuilder) -> None:
        """Take the records of a tag and keep them as a block."""

    def _add(self, record: Record, info: LayerInfo, counts: RecordCounts, row: int) -> None:
        builder = self._builders.get(info.tag)
        if builder is None:
            builder = BlockBuilder(info, self.session, self.options.block_records)
            self._builders[info.tag] = builder
        # TensorBoard drops what follows a step that goes back, so such steps start a block.
        if len(builder) and record.step <= builder.last_step:
            self.store_block(builder)
        builder.add(record.step, record.wall_time, counts, row)
        if builder.full:
            self.store_block(builder)

    def store_partial_blocks(self) -> None:
        """Store the records that are not in a block yet, as shorter blocks."""
        for slices in self._slices.begun:
            self._guard(self.store_slices, slices)
        if len(self._sizes):
            self._guard(self.store_sizes, self._sizes)
        for builder in self._builders.values():
            if len(builder):
                self._guard(self.store_block, builder)


class RunWriter(RecordWriter):
    """Writes one run directory.

    target: a path, a URL that TensorBoard can open, or a ``SummaryWriter`` (torch's or
    tensorboardX's), whose event file is then shared. LogdirError at once when it cannot be
    written. Later failures never raise: one warning, and what cannot be stored after all is
    counted in `lost`.
    """

    def __init__(self, target: Logdir, *, options: WriterOptions | None = None) -> None:
        super().__init__(options=options)
        self._file: EventFile = open_event_file(target)
        self._described: set[str] = set()
        self._stored_info = ""
        self._charted = 0
        self._unsaved = 0
        self._last_step = 0
        self._dashboard = DashboardLayers(self.options.dashboard_cards)
        self._histograms = LayerThinning(self.options.histogram_points, HISTOGRAM_STRIDE)
        self._statistics = LayerThinning(self.options.scalar_points, STATISTICS_STRIDE)
        self.start()

    @property
    def logdir(self) -> str:
        """The run directory."""
        return self._file.logdir

    def store(self, record: Record) -> None:
        """Add a record to the blocks of its tags, and write its scalars."""
        super().store(record)
        self._unsaved += 1
        self._last_step = max(self._last_step, record.step)
        self._write_scalars(record)
        if self._file.pending_bytes > SAVE_BYTES:
            self._write_file(final=False)

    def store_block(self, builder: BlockBuilder) -> None:
        """Write the records of a tag as one event."""
        event = new_event(builder.first_step, builder.last_wall_time)
        self._add_string(event, builder.info.tag, builder.take(), builder.info.to_content())

    def store_slices(self, builder: SliceBlockBuilder) -> None:
        """Write the records of a layer's slices as one event."""
        info, event = builder.info, new_event(builder.first_step, builder.last_wall_time)
        content = info.to_content()
        self._add_string(event, info.slices_tag, builder.take(), content, SLICES_PLUGIN)

    def store_sizes(self, builder: SizeBlockBuilder) -> None:
        """Write the records of the parameters' sizes as one event."""
        event = new_event(builder.first_step, builder.last_wall_time)
        self._add_string(event, SIZES_TAG, builder.take(), b"{}", SIZES_PLUGIN)

    def _add_string(
        self, event: Any, tag: str, text: bytes, content: bytes, plugin: str = PLUGIN_NAME
    ) -> None:
        """Write a string; the first of a tag has its metadata, as TensorBoard keeps no later."""
        value = add_string(event.summary, tag, text)
        if tag not in self._described:
            self._described.add(tag)
            describe(value, content, plugin)
        self._file.add(event.SerializeToString())

    def store_summaries(
        self, record: Record, layers: Sequence[LayerInfo], counts: RecordCounts
    ) -> None:
        """Write the points of this record for TensorBoard's own dashboards."""
        rows = self._dashboard.see(layers, counts)
        statistics = self._statistics.due_rows(layers, rows)
        histograms = self._histograms.due_rows(layers, rows)
        if not (statistics or histograms):
            return
        event = new_event(record.step, record.wall_time)
        if statistics:
            add_statistics(event.summary, layers, counts, statistics)
        if histograms:
            add_histograms(event.summary, layers, counts, histograms, self._described)
        self._file.add(event.SerializeToString())

    def _write_scalars(self, record: Record) -> None:
        numbers = self.read_scalars(record)
        if numbers:
            event = new_event(record.step, record.wall_time)
            for name, value in numbers.items():
                event.summary.value.add(tag=name, simple_value=value)
            self._file.add(event.SerializeToString())

    def save(self, *, final: bool) -> None:
        """Write everything that was stored to disk."""
        self.store_partial_blocks()
        self._write_layout()
        self._write_info()
        self._write_file(final=final)
        if final:
            self._file.close()

    def _write_layout(self) -> None:
        """Write the chart layout when there are layers that it does not show yet."""
        if self.options.scalar_points and self._charted < len(self._builders):
            self._charted = len(self._builders)
            event = new_event(self._last_step, time.time())
            charted = [self._infos[tag] for tag in self._builders]
            add_layout(event.summary, [info for info in charted if info in self._dashboard])
            self._file.add(event.SerializeToString())

    def _write_info(self) -> None:
        """Write the run's information when it has changed."""
        own = {"skipped": self.skipped, "lost": self.lost, "errors": list(self.errors)}
        fields = {key: value for key, value in own.items() if value} | dict(self.run_info)
        if not fields:
            return
        text = json.dumps({"version": RUN_INFO_VERSION, **fields}, default=str)
        if text == self._stored_info:
            return
        self._stored_info = text
        event = new_event(self._last_step, time.time())
        self._add_string(event, RUN_INFO_TAG, text.encode(), b"{}")

    def _write_file(self, *, final: bool) -> None:
        try:
            self._file.flush(final=final)
        except OSError as err:
            self._failure = err
            self.note_error(
                f"The event file in {self.logdir!r} cannot be written ({err.strerror or err}). "
                "The training goes on. The writer keeps trying, and drops the oldest records "
                "meanwhile."
            )
            if final or self._file.pending_bytes > PENDING_BYTES:
                self._give_up()
        else:
            self._unsaved = 0

    def _give_up(self) -> None:
        """Forget what could not be written, and that any tag was described by it."""
        self._file.drop()
        self.lost += self._unsaved
        self._unsaved = 0
        self._described.clear()
        self._charted = 0
        self._stored_info = ""


def _detached(value: Any) -> Any:
    """A tensor without its graph, so that no activation is kept alive; not copied to the host."""
    return value.detach() if hasattr(value, "detach") else value
