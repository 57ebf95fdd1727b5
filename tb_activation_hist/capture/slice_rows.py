"""Where the slices of split layers are counted: ranges of buffers that never move.

A layer whose number of slices changes gets one more range; ranges of one layer are added up by the
number of the slice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor

from tb_activation_hist.capture.device_timer import DeviceTimer
from tb_activation_hist.capture.meter import Meter
from tb_activation_hist.capture.shards import NOWHERE, ShardPlace, place_of_shard
from tb_activation_hist.capture.slice_buffer import HostSlices, SliceBuffer
from tb_activation_hist.capture.slice_count import SliceRange, count_slices_
from tb_activation_hist.capture.split import (
    explain_change,
    explain_missing,
    explain_no_bins,
    explain_shards,
    explain_too_many,
)
from tb_activation_hist.capture.stream_order import StreamOrder
from tb_activation_hist.capture.switch import Switch
from tb_activation_hist.capture.torch_internals import local_shard
from tb_activation_hist.core.names import PHASES, LayerInfo
from tb_activation_hist.core.slice_counts import (
    MAX_BINNED,
    LayerSlices,
    RecordSlices,
    join_slices,
)
from tb_activation_hist.core.user_warnings import warn_user

Warn: TypeAlias = Callable[[str, str], None]
"""Takes a text, and what it is about, which it warns of once."""

SEGMENT_SLICES: Final = 4096
"""Room of a segment, or that of the layer it is made for, if that is larger."""

KNOWN_SHAPES: Final = 64
"""Shapes whose place is remembered."""


class RowRange(NamedTuple):
    """Slices `first` to ``first + slices`` of a segment, and the record's row they belong to."""

    row: int
    first: int
    slices: int


@dataclass(eq=False)
class SliceSegment:
    """A buffer and the ranges in it."""

    buffer: SliceBuffer
    switches: dict[str, Switch]
    order: StreamOrder | None = None
    timer: DeviceTimer | None = None
    ranges: list[RowRange] = field(default_factory=list)
    used: int = 0

    def take(self) -> HostSlices:
        """Start copying all slices to the host, and empty them."""
        to_host = self.buffer.to_host
        return to_host() if self.order is None else self.order.take(to_host)


@dataclass(eq=False, slots=True)
class SliceRow:
    """Where the slices of one layer are counted."""

    segment: SliceSegment
    first: int
    slices: int
    switch: Switch

    def range_from(self, at: int) -> SliceRange:
        """Where the slices from number `at` on are counted."""
        buffer = self.segment.buffer
        return SliceRange(buffer.storage, buffer.capacity, self.first + at)

    def count(self, values: Tensor, dim: int, at: int = 0) -> None:
        """Add the slices of values to those from number `at` on, within `slices`."""
        segment = self.segment
        captured = segment.order is not None and segment.order.begin_count()
        if captured and segment.timer is not None:
            key = (self.switch.tensor.data_ptr(), self.first + at)
            segment.timer.note_captured(key, values.nbytes)
        count_slices_(segment.buffer, self.first + at, dim, values, self.switch)


class SlicePlace(NamedTuple):
    """Where a tensor's slices along `dim` are counted, and which slices of the whole they are."""

    room: SliceRow
    dim: int
    shard: ShardPlace


class SliceTable:
    """The ranges of all split layers. meter: measures what counting them costs in graphs."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._segments: dict[torch.device, list[SliceSegment]] = {}
        self._on: dict[str, bool] = dict.fromkeys(PHASES, False)
        self._lock = threading.Lock()

    def add(self, row: int, slices: int, device: torch.device, phase: str) -> SliceRow:
        """A new range for a record's row."""
        with self._lock:
            segments = self._segments.setdefault(device, [])
            if not segments or segments[-1].used + slices > segments[-1].buffer.capacity:
                segments.append(self._make_segment(slices, device))
            segment = segments[-1]
            made = SliceRow(segment, segment.used, slices, segment.switches[phase])
            segment.ranges.append(RowRange(row, segment.used, slices))
            segment.used += slices
            return made

    def _make_segment(self, slices: int, device: torch.device) -> SliceSegment:
        buffer = SliceBuffer(max(slices, SEGMENT_SLICES), device)
        home = buffer.storage.device
        switches = {phase: Switch(home, on=on, meter=self._meter) for phase, on in self._on.items()}
        return SliceSegment(buffer, switches, self._meter.order(home), self._meter.timer(home))

    def _every(self) -> list[SliceSegment]:
        return [each for segments in self._segments.values() for each in segments]

    def switch(self, phase: str, on: bool) -> None:
        """Say whether this phase is counted from now on; compiled graphs obey too."""
        with self._lock:
            self._on[phase] = on
            for segment in self._every():
                segment.switches[phase].on = on

    def take(self) -> PendingSlices | None:
        """Start copying all slices to the host, and empty them; None if no layer is split."""
        with self._lock:
            parts = [(tuple(each.ranges), each.take()) for each in self._every()]
        return PendingSlices(parts) if parts else None


class LayerSplit:
    """How one layer is split on one device; finds room for its slices when they are known.

    row: the layer's row in a record.
    """

    def __init__(
        self, info: LayerInfo, row: int, device: torch.device, table: SliceTable, warn: Warn
    ) -> None:
        self._info = info
        self._row = row
        self._device = device
        self._table = table
        self._warn = warn
        self._room: SliceRow | None = None
        self._known: dict[torch.Size, SlicePlace] = {}
        """Where tensors of a shape are counted."""
        self.find_slice: Callable[[int], Any] | None = None
        """Gives the row of one slice's bins; None: slices have none."""
        self._slice_rows: dict[int, Any] = {}

    def find(self, values: Tensor, whole: Tensor | ShardPlace | None = None) -> SlicePlace | None:
        """Where the slices of the values are counted; None, after one warning, where nowhere.

        whole: the tensor that they are taken from, which may be a DTensor with more slices; or
        their place in it.
        """
        if isinstance(whole, ShardPlace) or (whole is not None and local_shard(whole) is not None):
            return self._find_shard(values, whole)
        shape = values.shape
        known = self._known.get(shape)
        if known is None:
            dim = self.dimension_of(len(shape))
            room = None if dim is None else self.room(shape[dim])
            if dim is None or room is None:
                return None
            known = self._known[shape] = SlicePlace(room, dim, ShardPlace(0, shape[dim]))
            if len(self._known) > KNOWN_SHAPES:
                self._known.clear()
        return known

    def _find_shard(self, values: Tensor, whole: Tensor | ShardPlace) -> SlicePlace | None:
        """A rank's slices have their numbers in the whole tensor."""
        dim = self.dimension_of(values.dim())
        if dim is None:
            return None
        place = whole if isinstance(whole, ShardPlace) else place_of_shard(whole, dim)
        if place == NOWHERE:
            self.warn_of_shards(dim)
            return None
        room = self.room(place.slices)
        return None if room is None else SlicePlace(room, dim, place)

    def count_bins(self, values: Tensor, place: SlicePlace) -> None:
        """Add each slice to the bins of its own, where there are any."""
        if self.find_slice is not None and self.has_bins(place.shard.slices):
            parts = values.unbind(place.dim)
            for number, part in enumerate(parts, start=place.shard.first):
                self.slice_row(number).count(part)

    def has_bins(self, slices: int) -> bool:
        """Whether slices have bins of their own; warns once where they are too many."""
        if self.find_slice is None:
            return False
        if slices > MAX_BINNED:
            self._warn(explain_no_bins(self._info.key, slices), f"bins {self._info.key}")
        return slices <= MAX_BINNED

    def slice_row(self, number: int) -> Any:
        """The row of one slice's bins."""
        row = self._slice_rows.get(number)
        if row is None and self.find_slice is not None:
            row = self._slice_rows[number] = self.find_slice(number)
        return row

    def warn_of_shards(self, dim: int) -> None:
        """Say once that a rank cannot tell which slices it has."""
        name = self._info.key
        self._warn(explain_shards(name, dim), f"split {name}")

    def dimension_of(self, rank: int) -> int | None:
        """The split dimension, from 0, of a tensor of this rank; None and a warning if none."""
        split = self._info.split or 0
        missing = explain_missing(self._info.key, split, rank)
        if missing is None:
            return split % rank
        self._warn(missing, f"split {self._info.key}")
        return None

    def room(self, slices: int) -> SliceRow | None:
        """A range of at least this many slices; None, after a warning, where they are too many."""
        room, name = self._room, self._info.key
        excess = explain_too_many(name, slices)
        if excess is not None:
            self._warn(excess, f"split {name}")
            return None
        if room is not None and room.slices != slices:
            self._warn(explain_change(name, room.slices, slices), f"slices {name}")
        if room is None or room.slices < slices:
            room = self._table.add(self._row, slices, self._device, self._info.phase)
            self._room = room
        return room


def warn_each_time(text: str, _about: str) -> None:
    """Warn at the user's line."""
    warn_user(text)


class PendingSlices:
    """The slices of a record on their way to the host."""

    def __init__(self, parts: Sequence[tuple[Sequence[RowRange], HostSlices]]) -> None:
        self._parts = parts

    def wait(self, rows: int) -> RecordSlices:
        """Block until all have arrived. rows: those of the record."""
        found = []
        for ranges, pending in self._parts:
            totals, moments = pending.wait()
            firsts = [each.first for each in ranges]
            # A segment's ranges lie one after the other, the first one at its beginning.
            end = firsts[-1] + ranges[-1].slices
            counted = np.add.reduceat(totals[:end, 0], firsts).tolist()
            for (row, first, slices), n in zip(ranges, counted, strict=True):
                if n:
                    own = slice(first, first + slices)
                    found.append((row, LayerSlices(totals[own], moments[own])))
        joined = join_slices(found, rows)
        for _, pending in self._parts:
            pending.give_back()
        return joined
