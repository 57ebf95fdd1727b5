"""Loads one series from its TensorDatums, and knows which blocks its records came from."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, Final, NamedTuple

import numpy as np

from tb_activation_hist.core.errors import FormatError, join_problems
from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.joining import add_records, append_series, sum_records
from tb_activation_hist.core.names import content_to_layer_info
from tb_activation_hist.core.record_sizes import find_reaches, usual_size
from tb_activation_hist.core.schemes.scheme import AnyScheme, Scheme
from tb_activation_hist.core.sessions import (
    JoinedSessions,
    SessionNotes,
    SessionPart,
    join_sessions,
    merge_notes,
)
from tb_activation_hist.core.tallies import Tallies
from tb_activation_hist.plugin.data_provider import Listing, Stamp
from tb_activation_hist.plugin.missing_records import (
    NOTHING_MISSING,
    MissingRecords,
    StepRange,
    find_missing,
    series_to_range,
)
from tb_activation_hist.storage.codec import (
    Block,
    BlockSpan,
    decode_blocks,
    decode_layers,
    peek_span,
)

NOTHING_TO_TELL: Final = SessionNotes()

BlockId = bytes
"""Identifies a block without decoding it: header, checksum of the payload, length."""

Decoded = list[Block | FormatError]
DecodeAll = Callable[[Callable[[Sequence[bytes]], Decoded], Sequence[bytes]], Decoded]


@dataclass(frozen=True)
class LoadedSeries:
    """Decoded records of one series, with what TensorBoard held when they were read.

    overview: all records merged into one. revision: equal for equal records. missing: records that
    were written but are not held.
    warning: what could not be read, as part of a sentence; empty when all was well.
    spans: which records of their writers the blocks hold, damaged ones too. ranges: the steps of
    those that are not damaged.
    newest: the session that was begun last; None if another wrote at the same time.
    decoded: blocks that this reading had to decode.
    known_sizes: `record_sizes`, where they were worked out already.
    """

    stamp: Stamp
    series: HistogramSeries
    overview: HistogramSeries
    revision: str
    missing: int = 0
    hint: str = ""
    warning: str = ""
    blocks: frozenset[BlockId] = frozenset()
    spans: frozenset[BlockSpan] = frozenset()
    ranges: Mapping[BlockSpan, StepRange] = field(default_factory=dict)
    damaged: Mapping[BlockId, str] = field(default_factory=dict)
    newest: int | None = None
    notes: SessionNotes = NOTHING_TO_TELL
    decoded: int = 0
    known_sizes: FloatArray | None = None

    @cached_property
    def record_sizes(self) -> FloatArray:
        """Sizes of the records that have any."""
        known = self.known_sizes
        return find_reaches(self.series).size if known is None else known

    @cached_property
    def usual_size(self) -> float:
        """Size of the median record; it is finite."""
        size = usual_size(self.record_sizes)
        return size if math.isfinite(size) else 0.0

    @property
    def size_bytes(self) -> int:
        """Memory of the records, to within a few per cent."""
        tallies = len(self.series) * 8 * 11
        return int(self.series.bin_counts.nbytes) + tallies + 400 * len(self.blocks) + 2_000


class HeldBlocks(NamedTuple):
    """The blocks that a series was read from; the fields are those of `LoadedSeries`."""

    blocks: frozenset[BlockId]
    spans: frozenset[BlockSpan]
    ranges: Mapping[BlockSpan, StepRange]
    damaged: Mapping[BlockId, str]


def load_blocks(
    before: LoadedSeries | None,
    stamp: Stamp,
    tensors: Sequence[Any],
    scheme: Scheme,
    layer: str,
    decode_all: DecodeAll = lambda decode, blocks: decode(blocks),
) -> LoadedSeries:
    """Load one of our own series; only blocks that are not in `before` are decoded.

    decode_all: calls the function with the blocks, or on several threads with parts of them.
    """
    data = {block_id(raw): raw for raw in (tensor_to_bytes(t.numpy) for t in tensors)}
    if before is not None and not _may_grow(before, data):
        before = None
    known: frozenset[BlockId] = before.blocks if before else frozenset()
    damaged = {
        name: text for name, text in (before.damaged if before else {}).items() if name in data
    }
    new = [name for name in data if name not in known and name not in damaged]
    decode = partial(decode_blocks, scheme=scheme, layer=layer)
    decoded = dict(zip(new, decode_all(decode, [data[name] for name in new]), strict=True))
    damaged |= {name: str(each) for name, each in decoded.items() if isinstance(each, FormatError)}
    readable = {name: each for name, each in decoded.items() if isinstance(each, Block)}
    held = known | readable.keys()
    joined = _join(before, readable.values()) or JoinedSessions(
        empty_series(scheme, layer), None, NOTHING_TO_TELL
    )
    blocks = HeldBlocks(
        held,
        _spans(data.values()),
        {**(before.ranges if before else {}), **_ranges(readable.values())},
        damaged,
    )
    overview, decoded_now = sum_records(joined.series), len(held) - len(known)
    return _to_loaded(stamp, joined, overview, blocks, _find_missing(blocks), decoded_now)


def _may_grow(before: LoadedSeries, data: Mapping[BlockId, bytes]) -> bool:
    """Whether the records held stay as they are, whatever the new blocks add to them.

    Not where a restart of the training or a full reservoir took blocks away, whose records must go,
    nor where a session other than the newest wrote, which changes what counts.
    """
    fresh = _spans(data[name] for name in data.keys() - before.blocks - before.damaged.keys())
    return before.blocks <= data.keys() and all(span.session == before.newest for span in fresh)


def _join(before: LoadedSeries | None, new: Iterable[Block]) -> JoinedSessions | None:
    """What is held and what is new; None if there is nothing."""
    parts = []
    if before is not None and before.newest is not None and len(before.series):
        parts.append(SessionPart(before.series, before.newest, -1))
    parts += [SessionPart(block.series, block.session, block.ordinal) for block in new]
    if not parts:
        return None
    joined = join_sessions(parts)
    return joined if before is None else _with_notes(joined, before.notes)


def _with_notes(joined: JoinedSessions, notes: SessionNotes) -> JoinedSessions:
    return joined._replace(notes=merge_notes([joined.notes, notes]))


class NewestBlock(NamedTuple):
    """The newest block of a series of which others are held."""

    before: LoadedSeries
    stamp: Stamp
    data: bytes
    scheme: Scheme
    layer: str

    @property
    def is_held(self) -> bool:
        return block_id(self.data) in self.before.blocks


def take_newest(
    before: LoadedSeries, listing: Listing, tensors: Sequence[Any]
) -> NewestBlock | None:
    """The newest block, of which alone `tensors` were read.

    None if the block neither is held nor follows those that are. Then more blocks are new, or the
    training was restarted, and all blocks must be read.
    """
    if len(tensors) != 1:
        return None
    info = content_to_layer_info(listing.content)
    data = tensor_to_bytes(tensors[0].numpy)
    newest = NewestBlock(before, listing.stamp, data, info.scheme, info.key)
    if newest.is_held:
        return newest
    span = peek_span(data)
    if span is None or span.session != before.newest or len(before.series) == 0:
        return None
    return newest if _follows(span, before.spans) else None


def decode_newest(newest: Sequence[NewestBlock]) -> list[Block | FormatError]:
    """Decode the blocks, those of one scheme together."""
    decoded: dict[int, Block | FormatError] = {}
    by_scheme: dict[Scheme, list[int]] = {}
    for place, each in enumerate(newest):
        by_scheme.setdefault(each.scheme, []).append(place)
    for scheme, places in by_scheme.items():
        data = [newest[place].data for place in places]
        layers = [newest[place].layer for place in places]
        decoded.update(zip(places, decode_layers(data, layers, scheme), strict=True))
    return [decoded[place] for place in range(len(newest))]


def append_block(newest: NewestBlock, block: Block | FormatError) -> LoadedSeries | None:
    """Append a series' newest block, decoded, without reading the others again.

    None if all blocks must be read.
    """
    before = newest.before
    if newest.is_held:
        return replace(before, stamp=newest.stamp, decoded=0)
    if isinstance(block, FormatError) or block.series.steps[0] <= before.series.steps[-1]:
        return None
    blocks = HeldBlocks(
        before.blocks | {block_id(newest.data)},
        before.spans | {block.span},
        {**before.ranges, **_ranges([block])},
        before.damaged,
    )
    series = append_series(before.series, block.series)
    grown = JoinedSessions(series, before.newest, before.notes)
    # A block that follows leaves no new gap.
    complete = not before.missing and before.notes.abandoned_from is None
    missing = NOTHING_MISSING if complete else _find_missing(blocks)
    overview = add_records(before.overview, block.series)
    loaded = _to_loaded(newest.stamp, grown, overview, blocks, missing, 1)
    sizes = np.concatenate([before.record_sizes, find_reaches(block.series).size])
    return replace(loaded, known_sizes=sizes)


def _follows(span: BlockSpan, spans: frozenset[BlockSpan]) -> bool:
    """Whether a block is the next one of the same writer."""
    ends = [held.ordinal + held.records for held in spans if held.session == span.session]
    return span.ordinal == max(ends, default=-1)


def _find_missing(held: HeldBlocks) -> MissingRecords:
    # The identity of a block begins with its header.
    return find_missing(held.spans, _spans(held.damaged), held.ranges)


def _to_loaded(
    stamp: Stamp,
    joined: JoinedSessions,
    overview: HistogramSeries,
    held: HeldBlocks,
    missing: MissingRecords,
    decoded: int,
) -> LoadedSeries:
    return LoadedSeries(
        stamp=stamp,
        series=joined.series,
        newest=joined.newest,
        notes=merge_notes([joined.notes, SessionNotes(missing.abandoned_from)]),
        overview=overview,
        revision=digest(sorted(held.blocks)),
        missing=missing.records,
        hint=missing.hint,
        warning=damage_warning(held.damaged),
        blocks=held.blocks,
        spans=held.spans,
        ranges=held.ranges,
        damaged=held.damaged,
        decoded=decoded,
    )


def empty_series(scheme: AnyScheme, layer: str) -> HistogramSeries:
    whole, real = np.zeros(0, np.int64), np.zeros(0)
    tallies = Tallies(whole, real, whole, whole, whole, whole, whole, real, real, real, real)
    return HistogramSeries(tallies, whole, np.zeros((0, 0), np.uint32), scheme, layer)


def tensor_to_bytes(array: Any) -> bytes:
    """The bytes of a rank-0 string tensor; empty, which counts as damaged, for any other array."""
    value = array.item() if getattr(array, "size", 0) == 1 else b""
    return value if isinstance(value, bytes) else b""


def block_id(data: bytes) -> BlockId:
    """Identify a block; its zlib stream ends with the checksum of what it holds."""
    return data[:24] + data[-4:] + len(data).to_bytes(8, "little")


def digest(parts: Sequence[bytes]) -> str:
    """A name for these parts in this order."""
    return hashlib.blake2b(b"\0".join(parts), digest_size=8).hexdigest()


def _spans(blocks: Iterable[bytes]) -> frozenset[BlockSpan]:
    return frozenset(filter(None, map(peek_span, blocks)))


def _ranges(blocks: Iterable[Block]) -> dict[BlockSpan, StepRange]:
    return {block.span: series_to_range(block.series) for block in blocks}


def damage_warning(damaged: Mapping[BlockId, str]) -> str:
    """What is wrong with the damaged parts, in one sentence; empty if there are none."""
    return join_problems(damaged.values()) if damaged else ""
