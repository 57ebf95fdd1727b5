"""Several ranks: their counts are added up exactly, in the background, and rank 0 writes.

Counts travel through the process group's key-value store, not through a collective: a collective
hangs when one rank has no record, ends early or dies, and it must be called in the same order
everywhere. Here each rank posts numbered messages; rank 0 takes them in order and adds what
belongs to the same step. A rank that is silent for ``rank_timeout_s`` is left out from then on,
and one that ends says so. No training thread ever waits for another rank.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

import torch.distributed as dist

from tb_activation_hist.recording.mailbox import POLL_S, Mailbox
from tb_activation_hist.recording.rank_messages import (
    END_STEP,
    Message,
    bytes_to_message,
    end_message,
    join_messages,
    message_to_bytes,
)
from tb_activation_hist.storage.background import BackgroundThread
from tb_activation_hist.storage.options import WriterOptions
from tb_activation_hist.storage.writer import Record, RecordWriter

MAX_UNREAD_MESSAGES: Final = 64
"""Messages of a rank that may wait in the store unread; a record is some 50 kB."""


class Ranks(NamedTuple):
    """This process among those that train together."""

    rank: int
    size: int


def current_ranks() -> Ranks:
    """(0, 1) without a process group."""
    if dist.is_available() and dist.is_initialized():
        return Ranks(dist.get_rank(), dist.get_world_size())
    return Ranks(0, 1)


def rank_directory(logdir: Any, rank: int) -> str:
    """Run directory of one rank."""
    return f"{os.fspath(logdir).rstrip('/')}/rank{rank}"


class RankSender(BackgroundThread[Record]):
    """On all ranks but 0: posts this rank's counts."""

    def __init__(
        self, mailbox: Mailbox, ranks: Ranks, options: WriterOptions, timeout_s: float
    ) -> None:
        super().__init__(options)
        self._mailbox = mailbox
        self._rank = ranks.rank
        self._timeout_s = timeout_s
        self._sent = 0
        self.thinning = 1
        """Rank 0 records one in this many steps, as far as this rank knows."""
        self.start()

    def write(self, record: Record) -> bool:
        """Queue a record; its scalars are not sent, as rank 0 writes its own."""
        return self.put(record)

    @property
    def run_info(self) -> Mapping[str, Any]:
        """Rank 0 alone knows it."""
        return {}

    def update_info(self, **fields: Any) -> None:
        """Nothing: rank 0 describes the run."""

    def store(self, record: Record) -> None:
        """Post this rank's counts of a record."""
        self.thinning = self._mailbox.read_thinning()
        if record.counts is not None and self._may_send():
            self._post(Message(record.step, record.layers, record.counts.wait()))

    def _post(self, message: Message) -> None:
        self._mailbox.post(self._rank, self._sent, message_to_bytes(message))
        self._sent += 1

    def _may_send(self) -> bool:
        """Whether rank 0 keeps reading: it is waited for up to ``rank_timeout_s``, once."""
        oldest = self._mailbox.key(self._rank, self._sent - MAX_UNREAD_MESSAGES)
        end = time.monotonic() + self._timeout_s
        while not self._mailbox.has(self._mailbox.end_key):
            if self._sent < MAX_UNREAD_MESSAGES or not self._mailbox.has(oldest):
                return True
            if time.monotonic() >= end:
                self._timeout_s = 0.0
                break
            time.sleep(POLL_S)
        self.lost += 1
        return False

    def save(self, *, final: bool) -> None:
        """Notify rank 0 at the end that nothing follows; there is nothing else to keep."""
        if final:
            self._post(end_message())


class RankMerger(BackgroundThread[Record]):
    """On rank 0: adds the other ranks' counts to each record and hands it to the writer."""

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
        self._thinning = self._announced = 1
        self.start()

    def write(self, record: Record) -> bool:
        return self.put(record)

    def update_info(self, **fields: Any) -> None:
        self.writer.update_info(**fields)

    @property
    def run_info(self) -> Mapping[str, Any]:
        """The run's information, as the writer has it."""
        return self.writer.run_info

    def announce_thinning(self, thinning: int) -> None:
        """Let the other ranks know, in the background, that one in this many steps is recorded.

        They go on with more records until they hear of it, so it must not become smaller.
        """
        self._thinning = thinning

    def store(self, record: Record) -> None:
        """Wait for the other ranks' counts of this step, add them up, and write the sum."""
        self._announce()
        if record.counts is None:
            self.writer.write(record)
            return
        own = Message(record.step, record.layers, record.counts.wait())
        others = [self._message_of(rank, record.step) for rank in list(self._next)]
        layers, counts = join_messages([own, *(each for each in others if each is not None)])
        self.writer.write(replace(record, layers=layers, counts=counts))

    def _message_of(self, rank: int, step: int) -> Message | None:
        """What a rank has for this step; None when it recorded none, ended, or is silent."""
        while True:
            message = self._early.pop(rank, None) or self._receive(rank)
            if message is None or message.step == step:
                return message
            if message.step == END_STEP:
                del self._next[rank]
                return None
            if message.step > step:
                self._early[rank] = message
                return None

    def _receive(self, rank: int) -> Message | None:
        key = self._mailbox.key(rank, self._next[rank])
        end = time.monotonic() + (0.0 if rank in self._missing else self._timeout_s)
        while not self._mailbox.has(key):
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
            self.note_error(
                f"Rank {rank} sent no counts for {self._timeout_s:g} s (rank_timeout_s). The "
                "training goes on, and the histograms are those of the other ranks until it "
                "answers."
            )
            self.writer.update_info(missing_ranks=sorted(self._missing))

    def _announce(self) -> None:
        if self._announced != self._thinning:
            self._announced = self._thinning
            self._mailbox.announce_thinning(self._announced)

    def save(self, *, final: bool) -> None:
        """Notify the other ranks how often to record, and at the end that nobody reads any more."""
        self._announce()
        if final:
            self._mailbox.end()

    def flush(self) -> None:
        super().flush()
        self.writer.flush()

    def close(self) -> None:
        super().close()
        if self._owned:
            self.writer.close()
        else:
            self.writer.flush()
