"""Decoded series in memory; a series is read when asked for, and decoded only where it is new."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from typing import Any, Final, TypeVar

from tb_activation_hist.core.names import RUN_INFO_TAG, content_to_layer_info
from tb_activation_hist.core.sessions import SessionNotes, describe_notes, merge_notes
from tb_activation_hist.plugin.data_provider import (
    ALL,
    BLOCKS,
    DataProvider,
    Listing,
    SeriesKey,
)
from tb_activation_hist.plugin.foreign_loader import load_histograms
from tb_activation_hist.plugin.guard import explain_failure
from tb_activation_hist.plugin.lru_cache import LruCache
from tb_activation_hist.plugin.reading_turns import ReadingTurns, Urgency
from tb_activation_hist.plugin.series_loader import (
    Decoded,
    LoadedSeries,
    append_block,
    decode_newest,
    load_blocks,
    take_newest,
    tensor_to_bytes,
)
from tb_activation_hist.storage.codec import DECODED_TOGETHER

T = TypeVar("T")

SERIES_BYTES: Final = 1024 * 2**20
"""Maximum bytes of decoded series: two dozen layers of a run of 20,000 records, which the default
cadence of recording hardly exceeds, so that a live view decodes only what is new."""

READ_BYTES: Final[Mapping[Urgency, int]] = {
    Urgency.LATER: 8 * 2**20,
    Urgency.OVERVIEW: 16 * 2**20,
    Urgency.LOOKED_AT: 64 * 2**20,
}
"""Bytes that one read should bring, at most a quarter of what TensorBoard's data server can send.
Decoded they take four to five times as much, and others wait meanwhile."""

DECODERS: Final = min(os.cpu_count() or 1, 4)
"""Threads that decode blocks; more of them would wait for the interpreter."""

JOINERS: Final = 2
"""Series loaded at a time: the blocks of one are decoded while those of the other are joined."""

READERS: Final = 8
"""Reads from TensorBoard at a time, for all requests together."""

UNREADABLE: Final = "TensorBoard could not read it; see its log."
"""Why a series is missing, where no warning says more."""

FIRST_READ: Final = 8
"""Number of series in a first read, before their sizes are known."""


class SeriesCache:
    """Keeps decoded series up to a limit of bytes; one request reads and decodes at a time."""

    def __init__(self, limit_bytes: int = SERIES_BYTES) -> None:
        self._held: LruCache[SeriesKey, LoadedSeries] = LruCache(limit_bytes)
        self._turns = ReadingTurns()
        # Most of decoding is inflating and copying, which leave the interpreter to others.
        self._threads = ThreadPoolExecutor(DECODERS, thread_name_prefix="activation_hist decoding")
        self._joiners = ThreadPoolExecutor(JOINERS, thread_name_prefix="activation_hist joining")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="activation_hist reading")
        self._largest_bytes = READ_BYTES[Urgency.LOOKED_AT] // FIRST_READ
        self._warnings: dict[SeriesKey, str] = {}
        self._notes: dict[SeriesKey, SessionNotes] = {}
        self._noting = threading.Lock()
        self.decoded = 0
        """Blocks decoded so far, and records of other tools converted."""

    @property
    def held_bytes(self) -> int:
        return self._held.held_bytes

    @property
    def warnings(self) -> dict[SeriesKey, str]:
        """What could not be read of each series, and under the tag `RUN_INFO_TAG` what is to be
        said about a run as a whole; a copy."""
        with self._noting:
            return dict(self._warnings) | _describe_runs(self._notes)

    def load(
        self,
        provider: DataProvider,
        listings: Mapping[SeriesKey, Listing],
        urgency: Urgency = Urgency.LOOKED_AT,
    ) -> Iterator[tuple[SeriesKey, LoadedSeries]]:
        """Yield each of these series as TensorBoard holds it now; unreadable ones are left out.

        They come one at a time, so that the caller need not hold all of them.
        urgency: who waits. Only for what is looked at, other series are dropped from memory.
        """
        with self._turns.working(urgency):
            stale = []
            for key, listing in listings.items():
                held = self._held.get(key)
                if held is not None and held.stamp == listing.stamp:
                    yield key, held
                else:
                    stale.append(key)
            for group in self._groups(stale, READ_BYTES[urgency]):
                yield from self._read(provider, group, listings, urgency).items()

    def pause(self, urgency: Urgency) -> None:
        """Wait while series are loaded and used for somebody more urgent, for a second at most."""
        self._turns.pause(urgency)

    def _groups(self, keys: Sequence[SeriesKey], room: int) -> Iterator[list[SeriesKey]]:
        """Groups of series of one source, each to be read at once, of some `room` bytes."""
        for source in dict.fromkeys(key.source for key in keys):
            of_source = [key for key in keys if key.source == source]
            start = 0
            while start < len(of_source):
                size = max(room // self._largest_bytes, 1)
                yield of_source[start : start + size]
                start += size

    def _read(
        self,
        provider: DataProvider,
        keys: Sequence[SeriesKey],
        listings: Mapping[SeriesKey, Listing],
        urgency: Urgency,
    ) -> dict[SeriesKey, LoadedSeries]:
        found: dict[SeriesKey, LoadedSeries] = {}
        # Others decode meanwhile; what they add to a series is looked at below.
        newest = dict(self._tensors(provider, self._grown(keys), downsample=1))
        with self._turns.take(urgency):
            held = {key: loaded for key in keys if (loaded := self._held.get(key))}
            found |= {k: own for k, own in held.items() if own.stamp == listings[k].stamp}
            grown = {key: own for key, own in held.items() if key in newest and key not in found}
            for key, loaded in self._append(grown, listings, newest).items():
                found[key] = self._keep(key, loaded, urgency)
            rest = [key for key in keys if key not in found]

            def join(read: tuple[SeriesKey, list[Any]]) -> tuple[SeriesKey, LoadedSeries | None]:
                key, tensors = read
                decode = partial(self._decode, key, held.get(key), listings[key], tensors)
                return key, self._guard(key, decode)

            read = self._tensors(provider, rest, downsample=ALL)
            for key, loaded in self._joiners.map(join, read):
                if loaded is not None:
                    found[key] = self._keep(key, loaded, urgency)
        return found

    def _grown(self, keys: Sequence[SeriesKey]) -> list[SeriesKey]:
        """The series that were read before, so that their newest block may be enough."""
        return [key for key in keys if key.source == BLOCKS and self._held.get(key)]

    def _tensors(
        self, provider: DataProvider, keys: Collection[SeriesKey], downsample: int
    ) -> Iterator[tuple[SeriesKey, list[Any]]]:
        """Read the TensorDatums of series of one source; a downsample of 1 reads the newest.

        There are several reads at a time: a single one takes 40 ms longer, because the last part of
        the data server's answer waits until the first part is acknowledged.
        """
        by_run: dict[str, list[SeriesKey]] = {}
        for key in keys:
            by_run.setdefault(key.run, []).append(key)
        parts = list(by_run.values())
        if len(parts) == 1:
            parts = [part for part in (parts[0][::2], parts[0][1::2]) if part]

        def read(part: Sequence[SeriesKey]) -> list[tuple[SeriesKey, list[Any]]]:
            tags = [key.tag for key in part]
            return list(provider.read_series(part[0].source, [part[0].run], tags, downsample))

        for found in self._readers.map(read, parts):
            yield from found

    def _keep(self, key: SeriesKey, loaded: LoadedSeries, urgency: Urgency) -> LoadedSeries:
        self.decoded += loaded.decoded
        self._note(key, loaded.warning)
        self._note_sessions(key, loaded.notes)
        self._held.put(key, loaded, loaded.size_bytes, evict=urgency is Urgency.LOOKED_AT)
        return loaded

    def _append(
        self,
        held: Mapping[SeriesKey, LoadedSeries],
        listings: Mapping[SeriesKey, Listing],
        newest: Mapping[SeriesKey, list[Any]],
    ) -> dict[SeriesKey, LoadedSeries]:
        """The series with their newest blocks; without those of which more has changed."""
        blocks = {}
        for key, before in held.items():
            take = partial(take_newest, before, listings[key], newest[key])
            if (block := self._guard(key, take)) is not None:
                blocks[key] = block
        grown = {}
        decoded = decode_newest(list(blocks.values()))
        for key, content in zip(blocks, decoded, strict=True):
            append = partial(append_block, blocks[key], content)
            if (loaded := self._guard(key, append)) is not None:
                grown[key] = loaded
        return grown

    def _guard(self, key: SeriesKey, load: Callable[[], T | None]) -> T | None:
        """What is loaded of a series; None with a warning if it cannot be read."""
        try:
            return load()
        # Whatever fails for one series must not take the others along.
        except Exception as err:  # noqa: BLE001
            self._note(key, explain_failure(err, f"tag {key.tag!r} of run {key.run!r}"))
            return None

    def _decode(
        self, key: SeriesKey, before: LoadedSeries | None, listing: Listing, tensors: list[Any]
    ) -> LoadedSeries:
        if key.source == BLOCKS:
            size = sum(len(tensor_to_bytes(tensor.numpy)) for tensor in tensors)
            info = content_to_layer_info(listing.content)
            loaded = load_blocks(
                before, listing.stamp, tensors, info.scheme, info.key, self._on_threads
            )
        else:
            size = sum(t.numpy.nbytes for t in tensors)
            loaded = load_histograms(listing.stamp, tensors, key.tag)
        self._largest_bytes = max(size, self._largest_bytes // 2, 2**16)
        return loaded

    def _on_threads(
        self, decode: Callable[[Sequence[bytes]], Decoded], blocks: Sequence[bytes]
    ) -> Decoded:
        """``decode(blocks)`` on several threads."""
        starts = range(0, len(blocks), DECODED_TOGETHER)
        parts = [blocks[start : start + DECODED_TOGETHER] for start in starts]
        if len(parts) < 2:
            return decode(blocks)
        return list(chain.from_iterable(self._threads.map(decode, parts)))

    def _note_sessions(self, key: SeriesKey, notes: SessionNotes) -> None:
        with self._noting:
            self._notes.pop(key, None)
            if describe_notes(notes):
                self._notes[key] = notes

    def _note(self, key: SeriesKey, warning: str) -> None:
        with self._noting:
            if warning:
                self._warnings[key] = warning
            else:
                self._warnings.pop(key, None)


def _describe_runs(notes: Mapping[SeriesKey, SessionNotes]) -> dict[SeriesKey, str]:
    """What is to be reported about the sessions of each run, from the notes of its series."""
    by_run: dict[SeriesKey, list[SessionNotes]] = {}
    for key, own in notes.items():
        by_run.setdefault(key._replace(tag=RUN_INFO_TAG), []).append(own)
    return {key: " ".join(describe_notes(merge_notes(own))) for key, own in by_run.items()}
