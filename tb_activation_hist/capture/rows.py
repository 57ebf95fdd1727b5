"""Rows of counts: one per layer, kind, phase and device, in blocks that never move.

A block is one `CountBuffer`. More rows mean another block, not a larger one, so counts are never
lost and a compiled graph, which holds on to its block, is not compiled again.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import torch

from tb_activation_hist.capture.count import CountBuffer, Switch, count_
from tb_activation_hist.capture.host_rows import HostRows, Part, SparseRows
from tb_activation_hist.core.names import PHASES, LayerInfo
from tb_activation_hist.core.schemes.scheme import Scheme

DRAIN_AT: Final = 2**30
"""Elements of one row after which its int32 slots are moved to the host, to be added there."""

MORE_ROWS: Final = 16
"""Rows of a block that is added because the one before is full."""


@dataclass(eq=False, slots=True)
class Row:
    """Where one layer is counted."""

    block: Block
    index: int
    info: LayerInfo
    switch: Switch
    elements: int = 0
    """Counted since the block was last emptied."""

    def count(self, values: torch.Tensor) -> None:
        """Add the values, wherever they lie."""
        elements = values.numel()
        if elements > DRAIN_AT:
            for part in values.detach().reshape(-1).split(DRAIN_AT):
                self.count(part)
            return
        self.reserve(elements)
        count_(self.block.buffer, self.index, values, self.switch)

    def reserve(self, elements: int) -> None:
        """Make room for so many more elements, so that no int32 slot overflows."""
        if self.elements + elements > DRAIN_AT:
            self.block.drain()
        self.elements += elements


@dataclass(eq=False, slots=True)
class Block:
    """A count buffer, whose rows these are, and what was drained from it for this record."""

    buffer: CountBuffer
    switches: dict[str, Switch]
    rows: list[Row] = field(default_factory=list)
    drained: SparseRows | None = None
    traced: bool = False
    """Whether a compiled graph counts into it: then nobody adds up the elements on the way."""
    unguarded: int = 0

    def drain(self) -> None:
        """Move all counts to the host; waits for the device."""
        host = HostRows([self.take(range(len(self.rows)))], self.buffer.scheme)
        self.drained = host.wait().sparse

    def take(self, targets: Sequence[int]) -> Part:
        """Start copying all counts to the host, and empty the block."""
        part = Part(self.buffer.to_host(), tuple(targets), self.drained)
        self.drained = None
        for row in self.rows:
            row.elements = 0
        return part

    def guard(self) -> None:
        """Drain before the steps that may pass until the next look could overflow a slot."""
        if not self.traced:
            return
        self.unguarded -= 1
        if self.unguarded > 0:
            return
        largest = max(int(self.buffer.tallies[:, 0].max()), 1)
        if largest > DRAIN_AT // 2:
            self.drain()
        self.unguarded = min(DRAIN_AT // largest // 4, 1000)


class RowTable:
    """Finds or makes the row of a layer.

    rows: of each device's first block; later blocks have `MORE_ROWS`.
    """

    def __init__(self, scheme: Scheme, rows: int) -> None:
        self.scheme = scheme
        self._first_rows = max(rows, 1)
        self._blocks: dict[torch.device, list[Block]] = {}
        self._rows: dict[tuple[str, torch.device], Row] = {}
        self._places: dict[str, int] = {}
        self._infos: list[LayerInfo] = []
        self._targets: dict[Block, list[int]] = {}
        self._on: dict[str, bool] = dict.fromkeys(PHASES, False)
        self._lock = threading.Lock()

    def find(self, info: LayerInfo, device: torch.device) -> Row:
        """The row of this tag on this device, made when there is none."""
        key = (info.tag, device)
        with self._lock:
            row = self._rows.get(key)
            if row is None:
                row = self._rows[key] = self._add(info, device)
            return row

    def _add(self, info: LayerInfo, device: torch.device) -> Row:
        blocks = self._blocks.setdefault(device, [])
        if not blocks or len(blocks[-1].rows) == blocks[-1].buffer.rows:
            blocks.append(self._make_block(MORE_ROWS if blocks else self._first_rows, device))
        block = blocks[-1]
        row = Row(block, len(block.rows), info, block.switches[info.phase])
        block.rows.append(row)
        if info.tag not in self._places:
            self._places[info.tag] = len(self._infos)
            self._infos.append(info)
        self._targets.setdefault(block, []).append(self._places[info.tag])
        return row

    def _make_block(self, rows: int, device: torch.device) -> Block:
        buffer = CountBuffer(rows, self.scheme, device)
        home = buffer.storage.device
        return Block(buffer, {phase: Switch(home, on=on) for phase, on in self._on.items()})

    def switch(self, phase: str, on: bool) -> None:
        """Say whether this phase is counted from now on; compiled graphs obey too."""
        with self._lock:
            self._on[phase] = on
            for block in self._targets:
                block.switches[phase].on = on

    def guard(self) -> None:
        """Between records: drain blocks of compiled graphs in which a slot could overflow."""
        with self._lock:
            for block in self._targets:
                block.guard()

    @property
    def infos(self) -> list[LayerInfo]:
        """Each tag once, in the order in which they were first seen."""
        with self._lock:
            return list(self._infos)

    def take(self) -> tuple[list[LayerInfo], HostRows]:
        """Start copying all counts to the host, and empty all rows."""
        with self._lock:
            parts = [block.take(targets) for block, targets in self._targets.items()]
            return list(self._infos), HostRows(parts, self.scheme)
