"""Collects the sizes of parameters until they make a stored block, and joins such blocks."""

from __future__ import annotations

from collections.abc import Sequence

from tb_activation_hist.core.parameter_sizes import (
    ParameterSizes,
    SizeRecord,
    records_to_sizes,
)
from tb_activation_hist.storage.size_codec import MAX_RECORDS, MAX_ROWS, SizeBlock, encode_sizes


class SizeBlockBuilder:
    """Records that are not in a block yet. session: identifies this writer; limit: 1 to 32."""

    def __init__(self, session: int, limit: int = MAX_RECORDS) -> None:
        self._session = session
        self._limit = limit
        self._ordinal = 0
        self._records: list[SizeRecord] = []

    def __len__(self) -> int:
        return len(self._records)

    @property
    def first_step(self) -> int:
        """Step of the first record; TensorBoard gets it as the block's step."""
        return self._records[0].step

    @property
    def last_wall_time(self) -> float:
        """Wall time of the last record, in seconds since 1970."""
        return self._records[-1].wall_time

    def fits(self, record: SizeRecord) -> bool:
        """Whether a record goes into the same block as those before it."""
        if not self._records:
            return True
        last = self._records[-1]
        small = (len(self) + 1) * len(record.parameters) <= MAX_ROWS
        room = len(self) < self._limit and small
        return room and record.step > last.step and record.parameters == last.parameters

    def add(self, record: SizeRecord) -> None:
        """One record, which must fit."""
        self._records.append(record)

    def take(self) -> bytes:
        """The records so far as the bytes of one block; the builder is empty afterwards."""
        data = encode_sizes(self._records, self._session, self._ordinal)
        self._ordinal += len(self)
        self._records.clear()
        return data


def join_size_blocks(blocks: Sequence[SizeBlock]) -> ParameterSizes:
    """The records that count: sessions by the time of their first record, as for histograms."""
    begins: dict[int, float] = {}
    for block in blocks:
        first = block.records[0].wall_time
        begins[block.session] = min(first, begins.get(block.session, first))
    ordered = sorted(blocks, key=lambda b: (begins[b.session], b.session, b.ordinal))
    return records_to_sizes([record for block in ordered for record in block.records])
