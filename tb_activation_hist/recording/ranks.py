"""Several ranks: their counts are added up exactly, in the background, and rank 0 writes.

Counts travel through the process group's key-value store, not through a collective: a collective
hangs when one rank has no record, ends early or dies, and it must be called in the same order
everywhere. Here each rank posts numbered messages; rank 0 takes them in order and adds what
belongs to the same step. A rank that is silent for ``rank_timeout_s`` is left out from then on,
and one that ends says so. No training thread ever waits for another rank.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np
import torch.distributed as dist

from tb_activation_hist.capture.host_rows import HostRows, SparseRows, join_rows
from tb_activation_hist.capture.torch_internals import default_store
from tb_activation_hist.core.names import LayerInfo, content_to_layer_info
from tb_activation_hist.storage.background import BackgroundThread
from tb_activation_hist.storage.options import WriterOptions
from tb_activation_hist.storage.writer import Record, RecordWriter

WINDOW: Final = 64
"""Messages of a rank that may lie in the store unread; a record is some 50 kB."""

POLL_S: Final = 0.01
"""How often the store is asked for a message that is not there yet."""

_OPENED: Counter[str] = Counter()


class Ranks(NamedTuple):
    """This process among those that train together."""

    rank: int
    size: int


def current_ranks() -> Ranks:
    """(0, 1) without a process group."""
    if dist.is_available() and dist.is_initialized():
        return Ranks(dist.get_rank(), dist.get_world_size())
    return Ranks(0, 1)


class Mailbox:
    """Numbered messages from each rank to rank 0, in the store of the process group."""

    def __init__(self, store: Any, name: str) -> None:
        self._store = store
        self._name = name

    def key(self, rank: int, number: int) -> str:
        """Where a message lies."""
        return f"{self._name}/{rank}/{number}"

    def post(self, rank: int, number: int, message: bytes) -> None:
        """Leave a message."""
        self._store.set(self.key(rank, number), message)

    def lies_there(self, key: str) -> bool:
        """Whether there is such a message now."""
        return bool(self._store.check([key]))

    def take(self, rank: int, number: int) -> bytes:
        """A message that lies there; it is removed."""
        key = self.key(rank, number)
        message = bytes(self._store.get(key))
        self._store.delete_key(key)
        return message

    def announce(self, start: int) -> None:
        """Rank 0: say how many steps were done before."""
        self._store.set(f"{self._name}/start", str(start))

    def await_start(self, timeout_s: float) -> int:
        """What rank 0 announced; 0 when it does not within this time."""
        key = f"{self._name}/start"
        end = time.monotonic() + timeout_s
        while not self.lies_there(key):
            if time.monotonic() >= end:
                return 0
            time.sleep(POLL_S)
        return int(self._store.get(key))

    @property
    def end_key(self) -> str:
        """Exists once rank 0 reads no more."""
        return f"{self._name}/end"

    def end(self) -> None:
        """Say that nothing more will be read."""
        self._store.set(self.end_key, b"1")


def open_mailbox(about: str) -> Mailbox | None:
    """The mailbox of one logger; ranks find each other by what they record to. None: no store."""
    store = default_store()
    if not hasattr(store, "check"):
        return None
    with contextlib.suppress(AttributeError, NotImplementedError, RuntimeError):
        # Its own connection, so that nobody waits for another's blocking request.
        store = store.clone()
    _OPENED[about] += 1
    return Mailbox(store, f"tb_activation_hist/{about}/{_OPENED[about]}")


class Message(NamedTuple):
    """One rank's share of a record; ``step=-1`` when the rank has ended."""

    step: int
    infos: list[LayerInfo]
    rows: SparseRows


END: Final = -1


def message_to_bytes(step: int, infos: Sequence[LayerInfo], rows: SparseRows) -> bytes:
    """Pack a share: JSON head and compressed arrays."""
    head = {"step": step, "infos": [info.to_content().decode() for info in infos]}
    packed = io.BytesIO()
    np.savez_compressed(
        packed, head=np.frombuffer(json.dumps(head).encode(), np.uint8), **rows._asdict()
    )
    return packed.getvalue()


def bytes_to_message(data: bytes) -> Message:
    """Inverse of `message_to_bytes`."""
    arrays = np.load(io.BytesIO(data), allow_pickle=False)
    head = json.loads(arrays["head"].tobytes())
    infos = [content_to_layer_info(content.encode()) for content in head["infos"]]
    return Message(head["step"], infos, SparseRows(*(arrays[name] for name in SparseRows._fields)))


class RankSender(BackgroundThread):
    """On all ranks but 0: posts this rank's shares."""

    def __init__(
        self, mailbox: Mailbox, ranks: Ranks, options: WriterOptions, timeout_s: float
    ) -> None:
        super().__init__(options)
        self._mailbox = mailbox
        self._rank = ranks.rank
        self._timeout_s = timeout_s
        self._sent = 0
        self.start()

    def write(self, record: Record) -> bool:
        """Queue a record; its scalars are rank 0's business."""
        return self.put(record)

    def update_info(self, **fields: Any) -> None:
        """Rank 0 describes the run."""

    def store(self, record: Record) -> None:
        """Post this rank's share of a record."""
        if record.host is not None and self._has_room():
            rows: HostRows = record.host
            self._post(message_to_bytes(record.step, record.layers, rows.sparse))

    def _post(self, message: bytes) -> None:
        self._mailbox.post(self._rank, self._sent, message)
        self._sent += 1

    def _has_room(self) -> bool:
        """Whether rank 0 keeps reading; waits for it a while, the first time."""
        oldest = self._mailbox.key(self._rank, self._sent - WINDOW)
        end = time.monotonic() + self._timeout_s
        while not self._mailbox.lies_there(self._mailbox.end_key):
            if self._sent < WINDOW or not self._mailbox.lies_there(oldest):
                return True
            if time.monotonic() >= end:
                self._timeout_s = 0.0
                break
            time.sleep(POLL_S)
        self.lost += 1
        return False

    def save(self, *, final: bool) -> None:
        """Say goodbye at the end; there is nothing else to keep."""
        if final:
            nothing = np.zeros(0, np.int64)
            rows = SparseRows(nothing, nothing.astype(np.int32), nothing, nothing, np.zeros(0))
            self._post(message_to_bytes(END, [], rows))


class RankMerger(BackgroundThread):
    """On rank 0: adds the other ranks' shares to each record and hands it to the writer."""

    def __init__(
        self,
        writer: RecordWriter,
        mailbox: Mailbox,
        ranks: Ranks,
        options: WriterOptions,
        timeout_s: float,
        *,
        owned: bool,
    ) -> None:
        super().__init__(options)
        self.writer = writer
        self._owned = owned
        self._mailbox = mailbox
        self._timeout_s = timeout_s
        self._next = dict.fromkeys(range(1, ranks.size), 0)
        self._early: dict[int, Message] = {}
        self._missing: set[int] = set()
        self.start()

    def write(self, record: Record) -> bool:
        """Queue a record."""
        return self.put(record)

    def update_info(self, **fields: Any) -> None:
        """Passed on to the writer."""
        self.writer.update_info(**fields)

    def store(self, record: Record) -> None:
        """Wait for the other shares of this step, add them up, and write the sum."""
        if record.host is None:
            self.writer.write(record)
            return
        own = Message(record.step, list(record.layers), record.host.sparse)
        shares = [own, *(self._share(rank, record.step) for rank in list(self._next))]
        infos, rows = join_messages([share for share in shares if share is not None])
        host = HostRows.of(rows, record.host.scheme)
        self.writer.write(replace(record, layers=infos, host=host))

    def _share(self, rank: int, step: int) -> Message | None:
        """What a rank has for this step; None when it recorded none, ended, or is silent."""
        while True:
            message = self._early.pop(rank, None) or self._receive(rank)
            if message is None or message.step == step:
                return message
            if message.step == END:
                del self._next[rank]
                return None
            if message.step > step:
                self._early[rank] = message
                return None

    def _receive(self, rank: int) -> Message | None:
        key = self._mailbox.key(rank, self._next[rank])
        end = time.monotonic() + (0.0 if rank in self._missing else self._timeout_s)
        while not self._mailbox.lies_there(key):
            if time.monotonic() >= end:
                self._miss(rank)
                return None
            time.sleep(POLL_S)
        self._missing.discard(rank)
        message = bytes_to_message(self._mailbox.take(rank, self._next[rank]))
        self._next[rank] += 1
        return message

    def _miss(self, rank: int) -> None:
        if rank not in self._missing:
            self._missing.add(rank)
            self.complain(
                f"Rank {rank} sent no counts for {self._timeout_s:g} s (rank_timeout_s). The "
                "training goes on, and the histograms are those of the other ranks until it does."
            )
            self.writer.update_info(missing_ranks=sorted(self._missing))

    def save(self, *, final: bool) -> None:
        """Flush the writer; at the end tell the other ranks that nobody reads any more."""
        if final:
            self._mailbox.end()

    def flush(self) -> None:
        """Wait until everything queued so far is on disk."""
        super().flush()
        self.writer.flush()

    def close(self) -> None:
        """Write what is queued and end."""
        super().close()
        if self._owned:
            self.writer.close()
        else:
            self.writer.flush()


def join_messages(messages: Sequence[Message]) -> tuple[list[LayerInfo], SparseRows]:
    """Add shares by tag, whatever order each rank saw its layers in."""
    infos: dict[str, LayerInfo] = {}
    for message in messages:
        for info in message.infos:
            infos.setdefault(info.tag, info)
    places = {tag: place for place, tag in enumerate(infos)}
    shares = [([places[info.tag] for info in each.infos], each.rows) for each in messages]
    return list(infos.values()), join_rows(shares)


def rank_directory(logdir: Any, rank: int) -> str:
    """Run directory of one rank."""
    return f"{os.fspath(logdir).rstrip('/')}/rank{rank}"
