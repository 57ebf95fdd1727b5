"""Where a logger's records go (file, memory, through rank 0), and at which step a run goes on."""

from __future__ import annotations

import hashlib
import os
from typing import Any

from tb_activation_hist.capture.distributed import (
    Mailbox,
    RankMerger,
    Ranks,
    RankSender,
    Sink,
    open_mailbox,
    rank_directory,
)
from tb_activation_hist.config import CaptureOptions, WriterOptions
from tb_activation_hist.errors import OptionError
from tb_activation_hist.grid import Scheme
from tb_activation_hist.reader import read_last_step, read_schemes
from tb_activation_hist.writer import Record, RecordWriter, RunWriter


class NoSink:
    """Of a rank that records nothing."""

    def write(self, record: Record) -> bool:  # noqa: ARG002 - the interface's
        """Never takes one."""
        return False

    def update_info(self, **fields: Any) -> None:
        """Nobody asks."""

    def flush(self) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing is open."""


def open_sink(
    target: Any, ranks: Ranks, capture: CaptureOptions, writing: WriterOptions
) -> tuple[Sink, int]:
    """The sink of this rank, and the number of steps done before.

    LogdirError when rank 0 cannot write; OptionError for options that several ranks exclude.
    """
    alone = ranks.size == 1
    if alone or capture.per_rank:
        writer = _open_writer(_target_of(target, ranks, capture), writing)
        return writer, _start_or_close(target, writer, capture)
    mailbox = open_mailbox(_name(target)) if capture.merge_ranks else None
    if mailbox is not None and capture.overhead_budget is not None:
        msg = (
            "overhead_budget thins by each rank's own time, so ranks that are added up would "
            "disagree: use per_rank=True, merge_ranks=False, or every=... instead."
        )
        raise OptionError(msg)
    if ranks.rank > 0:
        return _open_sender(mailbox, ranks, capture, writing)
    writer = _open_writer(target, writing)
    start = _start_or_close(target, writer, capture)
    if mailbox is None:
        return writer, start
    mailbox.announce(start)
    owned = writer is not target
    return RankMerger(writer, mailbox, ranks, writing, capture.rank_timeout_s, owned=owned), start


def _target_of(target: Any, ranks: Ranks, capture: CaptureOptions) -> Any:
    if ranks.size == 1 or not capture.per_rank or isinstance(target, RecordWriter):
        return target
    if not isinstance(target, (str, os.PathLike)):
        msg = f"per_rank=True needs a path as logdir, but got {target!r}."
        raise OptionError(msg)
    return rank_directory(target, ranks.rank)


def _open_writer(target: Any, writing: WriterOptions) -> RecordWriter:
    return target if isinstance(target, RecordWriter) else RunWriter(target, options=writing)


def _open_sender(
    mailbox: Mailbox | None, ranks: Ranks, capture: CaptureOptions, writing: WriterOptions
) -> tuple[Sink, int]:
    if mailbox is None:
        return NoSink(), capture.start_step or 0
    start = capture.start_step
    if start is None:
        start = mailbox.await_start(capture.rank_timeout_s)
    return RankSender(mailbox, ranks, writing, capture.rank_timeout_s), start


def _start_or_close(target: Any, writer: RecordWriter, capture: CaptureOptions) -> int:
    try:
        return _start_step(writer, capture)
    except BaseException:
        if writer is not target:
            writer.close()
        raise


def _start_step(writer: RecordWriter, capture: CaptureOptions) -> int:
    logdir = getattr(writer, "logdir", None)
    start = capture.start_step
    if logdir is None:
        return start or 0
    if start is None:
        start = read_last_step(logdir)
    if start:
        _check_bins(logdir, capture.bins)
    return start


def _check_bins(logdir: str, bins: Scheme) -> None:
    """A tag keeps its first description: other bins would be read as if they were those."""
    other = next((each for each in read_schemes(logdir).values() if each != bins), None)
    if other is not None:
        msg = (
            f"The run in {logdir!r} was begun with bins={other}, but got bins={bins}. Go on with "
            "the same bins, or record into another directory."
        )
        raise OptionError(msg)


def _name(target: Any) -> str:
    """What ranks that record to the same place have in common."""
    if isinstance(target, (str, os.PathLike)):
        return hashlib.sha256(os.fspath(target).encode()).hexdigest()[:16]
    return "writer"
