"""Rows of counts: one per layer, kind, phase and device, in segments that never move.

A segment is one `CountBuffer`. More rows mean another segment, not a larger one, so counts are
never lost and a compiled graph, which holds on to its segment, is not compiled again.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Final

import torch

from tb_activation_hist.capture.count import CountBuffer, HostCounts, Switch, count_
from tb_activation_hist.capture.count_by_device import StorageRow
from tb_activation_hist.capture.device_timer import DeviceTimer
from tb_activation_hist.capture.joined_counts import BufferPart, JoinedCounts
from tb_activation_hist.capture.late_scalar import LateScalar, keep_scalar
from tb_activation_hist.capture.meter import Meter
from tb_activation_hist.capture.shards import ShardPlace
from tb_activation_hist.capture.slice_count import count_split_on_cpu
from tb_activation_hist.capture.slice_rows import (
    LayerSplit,
    SlicePlace,
    SliceTable,
    Warn,
    warn_each_time,
)
from tb_activation_hist.capture.stream_order import StreamOrder
from tb_activation_hist.core.names import PHASES, LayerInfo
from tb_activation_hist.core.record_counts import RecordCounts
from tb_activation_hist.core.schemes.scheme import Scheme

DRAIN_AT: Final = 2**30
"""Elements of one row after which its int32 slots are moved to the host, to be added there."""

MORE_ROWS: Final = 16
"""Rows of a segment that is added because the one before is full."""

SAMPLE_VALUES: Final = 1 << 22
"""Values counted once to estimate the time of counting inside a captured graph."""

NOT_TIMED: Final = contextlib.nullcontext()


@dataclass(eq=False, slots=True)
class Row:
    """Where one layer is counted: row `index` of the segment's buffer."""

    segment: Segment
    index: int
    info: LayerInfo
    switch: Switch
    elements: int = 0
    """Counted since the segment was last emptied."""
    split: LayerSplit | None = None

    def count(self, values: torch.Tensor, whole: torch.Tensor | ShardPlace | None = None) -> None:
        """Add the values, wherever they lie, and their slices where the layer is split.

        whole: the tensor that they are taken from, which may be a DTensor with more slices; or
        their place in it.
        """
        place = None if self.split is None else self.split.find(values, whole)
        if self.split is None or place is None:
            self._count_bins(values)
            return
        if not self._count_together(values, place):
            with self._timed():
                place.room.count(values, place.dim, place.shard.first)
            self._count_bins(values)
        self.split.count_bins(values, place)

    def _count_together(self, values: torch.Tensor, place: SlicePlace) -> bool:
        """Count bins and slices in one pass; False where that is not possible."""
        elements, buffer = values.numel(), self.segment.buffer
        if not (buffer.on_host and self.switch.on and elements <= DRAIN_AT):
            return False
        self.reserve(elements)
        slices = place.room.range_from(place.shard.first)
        into = StorageRow(buffer.storage, self.index, buffer.rows, buffer.scheme)
        return count_split_on_cpu(into, slices, place.dim, values)

    def _timed(self) -> AbstractContextManager[None]:
        timer = self.segment.timer
        return NOT_TIMED if timer is None or not timer.timing else timer.counting()

    def _count_bins(self, values: torch.Tensor) -> None:
        elements = values.numel()
        if elements > DRAIN_AT:
            for piece in values.detach().reshape(-1).split(DRAIN_AT):
                self._count_bins(piece)
            return
        self.reserve(elements)
        segment = self.segment
        captured = segment.order is not None and segment.order.begin_count()
        if captured and segment.timer is not None:
            key = (self.switch.tensor.data_ptr(), self.index)
            segment.timer.note_captured(key, values.nbytes)
        with self._timed():
            count_(self.segment.buffer, self.index, values, self.switch)

    def has_room(self, elements: int) -> bool:
        """Whether no int32 slot can overflow with this many more elements."""
        return self.elements + elements <= DRAIN_AT

    def reserve(self, elements: int) -> None:
        """Make room for this many more elements, so that no int32 slot overflows."""
        if not self.has_room(elements):
            self.segment.drain()
        self.elements += elements


@dataclass(eq=False, slots=True)
class Segment:
    """A count buffer, whose rows these are, and what was drained from it for this record."""

    buffer: CountBuffer
    switches: dict[str, Switch]
    rows: list[Row] = field(default_factory=list)
    drained: RecordCounts | None = None
    traced: bool = False
    """Whether a compiled graph counts into it: then nobody adds up the elements on the way."""
    timer: DeviceTimer | None = None
    """Times what this segment gives its device to do; None on the CPU."""
    order: StreamOrder | None = None
    """Orders the streams that count into this segment; None on the CPU."""
    steps_unchecked: int = 0
    """Steps that may still pass before `guard` looks at a traced segment again."""
    largest: torch.Tensor | LateScalar | None = None
    """What `guard` looks at: elements of the row that has most, on their way from the device."""

    def drain(self) -> None:
        """Move all counts to the host; waits for the device."""
        parts = self.take(range(len(self.rows)))
        self.drained = JoinedCounts(self.buffer.scheme, parts).wait()

    def take(self, targets: Sequence[int]) -> list[BufferPart]:
        """Start copying all counts to the host, and empty the segment.

        targets: for each row of the segment, the record's row that it belongs to.
        """
        with NOT_TIMED if self.timer is None else self.timer.copying():
            parts = [BufferPart(tuple(targets), self._to_host())]
        if self.drained is not None:
            parts.append(BufferPart(tuple(targets[: len(self.drained)]), self.drained))
        self.drained = None
        for row in self.rows:
            row.elements = 0
        return parts

    def _to_host(self) -> HostCounts:
        to_host = self.buffer.to_host
        return to_host() if self.order is None else self.order.take(to_host)

    def guard(self) -> None:
        """Drain before the steps that may pass until the next look could overflow a slot."""
        if not self.traced:
            return
        if self.largest is None:
            self.steps_unchecked -= 1
            if self.steps_unchecked > 0:
                return
            self.largest = keep_scalar(self.buffer.totals[:, 0].max())
        if isinstance(self.largest, LateScalar) and not self.largest.ready:
            return
        largest, self.largest = max(int(float(self.largest)), 1), None
        if largest > DRAIN_AT // 2:
            self.drain()
        self.steps_unchecked = min(DRAIN_AT // largest // 4, 1000)


class RowTable:
    """Finds or makes the row of a layer.

    rows: of each device's first segment; later segments have `MORE_ROWS`. meter: times the devices.
    warn: takes a text, and what it is about, which it warns of once. split_bins: whether slices
    have rows of their own.
    """

    def __init__(
        self,
        scheme: Scheme,
        rows: int = 1,
        meter: Meter | None = None,
        warn: Warn = warn_each_time,
        *,
        split_bins: bool = False,
    ) -> None:
        self.scheme = scheme
        self._meter = meter or Meter()
        self._first_rows = max(rows, 1)
        self._segments: dict[torch.device, list[Segment]] = {}
        self._rows: dict[tuple[str, torch.device], Row] = {}
        self._record_rows: dict[str, int] = {}
        """Row of each tag in a record, where all devices are added up."""
        self._infos: list[LayerInfo] = []
        self._targets: dict[Segment, list[int]] = {}
        self._on: dict[str, bool] = dict.fromkeys(PHASES, False)
        self._slices = SliceTable(self._meter)
        self._warn = warn
        self._split_bins = split_bins
        self._lock = threading.Lock()

    def expect(self, rows: int) -> None:
        """Make room for this many layers in each device's first segment, before there is one."""
        self._first_rows = max(rows, 1)

    @property
    def infos(self) -> list[LayerInfo]:
        """What has been counted so far, in the order in which it first was."""
        with self._lock:
            return list(self._infos)

    def find(self, info: LayerInfo, device: torch.device, split: int | None = None) -> Row:
        """The row of this tag on this device, made when there is none.

        split: the dimension along which it is split; None: it is not.
        """
        key = (info.tag, device)
        with self._lock:
            row = self._rows.get(key)
            if row is None:
                row = self._rows[key] = self._add(replace(info, split=split), device)
            return row

    def _add(self, info: LayerInfo, device: torch.device) -> Row:
        segments = self._segments.setdefault(device, [])
        if not segments or len(segments[-1].rows) == segments[-1].buffer.rows:
            rows = MORE_ROWS if segments else self._first_rows
            segments.append(self._make_segment(rows, device))
        segment = segments[-1]
        row = Row(segment, len(segment.rows), info, segment.switches[info.phase])
        segment.rows.append(row)
        if info.tag not in self._record_rows:
            self._record_rows[info.tag] = len(self._infos)
            self._infos.append(info)
        at = self._record_rows[info.tag]
        self._targets.setdefault(segment, []).append(at)
        if info.split is not None:
            row.split = LayerSplit(info, at, device, self._slices, self._warn)
            if self._split_bins:
                row.split.find_slice = functools.partial(self._find_slice, info, device)
        return row

    def _find_slice(self, whole: LayerInfo, device: torch.device, number: int) -> Row:
        """The row of one slice of a layer."""
        shape = list(whole.shape)
        if whole.split is not None and shape:
            del shape[whole.split]
        name = f"{whole.layer}/{number}"
        own = replace(whole, layer=name, slice=number, split=None, shape=tuple(shape))
        return self.find(own, device)

    def _make_segment(self, rows: int, device: torch.device) -> Segment:
        buffer = CountBuffer(rows, self.scheme, device)
        home = buffer.storage.device
        switches = {phase: Switch(home, on=on, meter=self._meter) for phase, on in self._on.items()}
        return Segment(
            buffer, switches, timer=self._meter.timer(home), order=self._meter.order(home)
        )

    def time_sample(self, device: torch.device, timer: DeviceTimer) -> None:
        """Let the timer learn what counting takes on this device, by values of no layer."""
        buffer = CountBuffer(1, self.scheme, device)
        buffer.switch.on = True
        # No random numbers: the training's own must stay the same.
        values = torch.arange(SAMPLE_VALUES, device=device, dtype=torch.float32).sin()
        count_(buffer, 0, values)  # the first time may compile the kernel
        timer.time_sample(lambda: count_(buffer, 0, values), values.nbytes)

    def switch(self, phase: str, on: bool) -> None:
        """Say whether this phase is counted from now on; compiled graphs obey too."""
        with self._lock:
            self._on[phase] = on
            self._slices.switch(phase, on)
            for segment in self._targets:
                segment.switches[phase].on = on

    def guard(self) -> None:
        """Between records: drain segments of compiled graphs in which a slot could overflow."""
        with self._lock:
            for segment in self._targets:
                segment.guard()

    def take(self) -> tuple[list[LayerInfo], JoinedCounts]:
        """Start copying all counts to the host, and empty all rows."""
        with self._lock:
            parts = [part for each, to in self._targets.items() for part in each.take(to)]
            return list(self._infos), JoinedCounts(self.scheme, parts, self._slices.take())
