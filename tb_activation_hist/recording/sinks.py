"""Where a logger's records go (file, memory, another rank), and at which step a run goes on."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.nearest import list_names
from tb_activation_hist.core.schemes.scheme import Scheme
from tb_activation_hist.core.user_warnings import warn_user
from tb_activation_hist.core.weight_marks import OTHER_WEIGHTS_FIELD, WEIGHTS_FIELD
from tb_activation_hist.recording.mailbox import Mailbox, open_mailbox
from tb_activation_hist.recording.options import OptionGroups
from tb_activation_hist.recording.ranks import RankMerger, Ranks, RankSender, rank_directory
from tb_activation_hist.storage.event_file import Logdir, SharedEventFile, SummaryWriterLike
from tb_activation_hist.storage.remote import is_remote
from tb_activation_hist.storage.run_histograms import index_run
from tb_activation_hist.storage.writer import Record, RecordWriter, RunWriter

logger = logging.getLogger(__name__)

Target: TypeAlias = Logdir | RecordWriter
"""What a logger is given to write to; a `RecordWriter` stays its owner's to close."""

Tags: TypeAlias = Callable[[], Iterable[str]]
"""Gives the tags that a logger will record."""

SHOWN_TAGS: Final = 5
"""Tags in use that a warning names."""

MEMORY: Final = "memory:"
"""Start of the place of records that are kept in memory."""


class Sink(Protocol):
    """Where a logger's records go: a writer, or the way to another rank's writer."""

    def write(self, record: Record) -> bool:
        """Queue a record; False when it was skipped."""

    def update_info(self, **fields: Any) -> None:
        """Set fields of the run's information."""

    @property
    def run_info(self) -> Mapping[str, Any]:
        """The run's information, as far as it is known here."""

    def flush(self) -> None:
        """Wait until everything queued so far is stored."""

    def close(self) -> None:
        """Store everything and end."""


class NoSink:
    """The sink of a rank that records nothing."""

    def write(self, record: Record) -> bool:  # noqa: ARG002 - the protocol's parameter
        return False

    def update_info(self, **fields: Any) -> None:
        pass

    @property
    def run_info(self) -> Mapping[str, Any]:
        return {}

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


def open_sink(
    target: Target, ranks: Ranks, options: OptionGroups, tags: Tags = tuple
) -> tuple[Sink, int]:
    """The sink of this rank, and the number of steps done before.

    tags: those that will be recorded; a warning says which of them hold something else.
    LogdirError when rank 0 cannot write; OptionError for options that several ranks exclude.
    """
    recording = options.recording
    if ranks.size == 1 or recording.per_rank:
        return _open_writer(_rank_target(target, ranks), options, tags)
    mailbox = open_mailbox(_topic(target)) if recording.merge_ranks else None
    if ranks.rank > 0:
        return _open_sender(mailbox, ranks, options)
    writer, start = _open_writer(target, options, tags)
    if mailbox is None:
        return writer, start
    mailbox.announce(start)
    owned = writer is not target
    merger = RankMerger(
        writer, mailbox, ranks, options.writer, recording.rank_timeout_s, owned=owned
    )
    return merger, start


def find_place(target: Target) -> str:
    """Where the records of a target go, the same text for all ways to name it."""
    if isinstance(target, RecordWriter):
        return target.logdir if isinstance(target, RunWriter) else f"{MEMORY}{id(target)}"
    if isinstance(target, SummaryWriterLike):
        return find_place(SharedEventFile(target).logdir)
    if not isinstance(target, (str, os.PathLike)) or is_remote(os.fspath(target)):
        return str(target)
    return str(Path(target).expanduser().absolute())


def describe_recording(owner: object, place: str, layers: int, steps: int, state: str) -> str:
    """The `repr` of what records: where to, of how many layers, how many steps so far."""
    where = "in memory" if place.startswith(MEMORY) else repr(place)
    counted = f"{layers} layer{'s' * (layers != 1)}, {steps} step{'s' * (steps != 1)} recorded"
    return f"{type(owner).__name__}({where}, {counted}, {state})"


def _rank_target(target: Target, ranks: Ranks) -> Target:
    """Where a rank that writes its own run records to."""
    if ranks.size == 1 or isinstance(target, RecordWriter):
        return target
    if not isinstance(target, (str, os.PathLike)):
        msg = f"per_rank=True needs a path as logdir, but got {target!r}."
        raise OptionError(msg)
    return rank_directory(target, ranks.rank)


def _topic(target: Target) -> str:
    """The common part of ranks that record to the same target."""
    if isinstance(target, (str, os.PathLike)):
        return hashlib.sha256(os.fspath(target).encode()).hexdigest()[:16]
    return "writer"


def _open_sender(mailbox: Mailbox | None, ranks: Ranks, options: OptionGroups) -> tuple[Sink, int]:
    recording = options.recording
    if mailbox is None:
        return NoSink(), recording.start_step or 0
    start = recording.start_step
    if start is None:
        start = mailbox.await_start(recording.rank_timeout_s)
    return RankSender(mailbox, ranks, options.writer, recording.rank_timeout_s), start


def _open_writer(target: Target, options: OptionGroups, tags: Tags) -> tuple[RecordWriter, int]:
    """The writer, and the steps done before; a writer of ours is closed when they are refused."""
    flush = getattr(target, "flush", None)
    if isinstance(target, SummaryWriterLike) and callable(flush):
        flush()  # what was written to it so far is read below
    if isinstance(target, RecordWriter):
        return target, _start_step(target, options, tags)
    writer = RunWriter(target, options=options.writer)
    try:
        return writer, _start_step(writer, options, tags)
    except BaseException:
        writer.close()
        raise


def _start_step(writer: RecordWriter, options: OptionGroups, tags: Tags) -> int:
    start = options.recording.start_step
    if not isinstance(writer, RunWriter):
        return start or 0
    index = index_run(writer.logdir)
    stored = index.last_step()
    _tell_taken(writer.logdir, index.other_tags.intersection(tags() if index.other_tags else ()))
    steps_done = stored if start is None else start
    _tell_stored(writer.logdir, stored, start)
    if steps_done < stored:
        writer.update_info(began_again=steps_done + 1)
    if steps_done:
        writer.update_info(**_carried_on(index.info, steps_done, stored))
        _check_bins(writer.logdir, index.schemes(), options.capture.bins)
    return steps_done


def _carried_on(info: Mapping[str, Any], steps_done: int, stored: int) -> dict[str, Any]:
    """What an earlier training noted of the run that holds on after the steps that were done.

    Of the weights, those that the earlier training ended with; none where this one goes back behind
    its end.
    """
    weights = info.get(WEIGHTS_FIELD) if steps_done >= stored else None
    since = info.get(OTHER_WEIGHTS_FIELD) or 0
    kept = {WEIGHTS_FIELD: weights} if weights else {}
    return {**kept, OTHER_WEIGHTS_FIELD: since} if 0 < since <= steps_done else kept


def _tell_stored(logdir: str, stored: int, start: int | None) -> None:
    """Say what becomes of steps that the directory holds; not where a resumed training goes on."""
    if start is None and stored:
        logger.warning(
            "%s already holds steps up to %d, so this training is recorded from step %d on. For a "
            "new training, use another directory; to continue a training, pass start_step=%d.",
            logdir, stored, stored + 1, stored,
        )  # fmt: skip
    elif start is not None and start < stored:
        logger.warning(
            "%s holds steps up to %d, and this training starts again at step %d: what was "
            "recorded from that step on is no longer shown.",
            logdir, stored, start + 1,
        )  # fmt: skip


def _tell_taken(logdir: str, taken: Collection[str]) -> None:
    """Warn of layers whose tags hold something else: TensorBoard keeps what came first."""
    if taken:
        warn_user(
            f"The run in {logdir!r} uses {list_names(sorted(taken), SHOWN_TAGS)} for other scalars "
            "or histograms. TensorBoard shows only the first data of a tag, so these layers would "
            "be missing from the page. Give the logger a name=..., which prefixes its layers' "
            "names, or use another directory."
        )


def _check_bins(logdir: str, schemes: Mapping[str, Scheme], bins: Scheme) -> None:
    """A tag keeps its first description: other bins would be read as if they were those."""
    other = next((each for each in schemes.values() if each != bins), None)
    if other is not None:
        msg = (
            f"The run in {logdir!r} was started with bins={other}, but got bins={bins}. Use the "
            "same bins, or record into another directory."
        )
        raise OptionError(msg)
