"""Event files for writing: a local one, one behind a URL, or the one of a given SummaryWriter."""

from __future__ import annotations

import errno
import itertools
import os
import socket
import struct
import tempfile
import time
import warnings
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Final, Protocol, TypeAlias, runtime_checkable

from tb_activation_hist.core.call_errors import class_hint
from tb_activation_hist.core.errors import LogdirError, OptionError
from tb_activation_hist.storage.crc32c import masked_crc32c
from tb_activation_hist.storage.remote import explain, gfile, is_remote, require_folder

UPLOAD_S: Final = 60.0
"""Minimum time between uploads of the whole file to storage that cannot append, such as S3."""

_file_numbers = itertools.count()


@runtime_checkable
class SummaryWriterLike(Protocol):
    """The part of torch's and tensorboardX's ``SummaryWriter`` that is used: its file writer."""

    def _get_file_writer(self) -> Any: ...


Logdir: TypeAlias = str | os.PathLike[str] | SummaryWriterLike
"""Where a run is written: a path, a URL that TensorBoard can open, or a ``SummaryWriter``."""


class EventFile(Protocol):
    """Where serialised ``Event`` protos go."""

    logdir: str

    def add(self, event: bytes) -> None:
        """Append one event; it is on disk after the next `flush`."""

    def flush(self, *, final: bool = False) -> None:
        """Write what was added; OSError when that fails (nothing is lost, try again)."""

    def drop(self) -> None:
        """Forget what could not be written."""

    def close(self) -> None:
        """Flush and let go of the file."""

    @property
    def pending_bytes(self) -> int:
        """Bytes added and not yet written."""


def open_event_file(target: Logdir) -> EventFile:
    """The event file of a path, a URL that TensorBoard can open, or a SummaryWriter."""
    if isinstance(target, SummaryWriterLike):
        return SharedEventFile(target)
    if not isinstance(target, (str, os.PathLike)) or not str(target):
        msg = (
            "logdir must be a path, a URL or a SummaryWriter, but got "
            f"{target!r}.{class_hint(target)}"
        )
        raise OptionError(msg)
    logdir = os.fspath(target)
    if is_remote(logdir):
        return RemoteEventFile(logdir)
    # Absolute, since a training may change its working directory (Hydra does).
    return LocalEventFile(str(Path(logdir).expanduser().absolute()))


def frame(event: bytes) -> bytes:
    """An event as it stands in the file: length, its checksum, the bytes, their checksum."""
    length = struct.pack("<Q", len(event))
    checks = struct.pack("<I", masked_crc32c(length)), struct.pack("<I", masked_crc32c(event))
    return b"".join((length, checks[0], event, checks[1]))


def first_event() -> bytes:
    """The event that every file begins with; TensorBoard reads its version."""
    from tensorboard.compat.proto.event_pb2 import Event

    event: bytes = Event(wall_time=time.time(), file_version="brain.Event:2").SerializeToString()
    return event


def _file_name() -> str:
    """A name that TensorBoard takes for an event file and that no other writer has."""
    stamp = f"{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}"
    return f"events.out.tfevents.{stamp}.{next(_file_numbers)}.activation_hist"


class LocalEventFile:
    """A file on a local or mounted disk.

    It is opened for each flush, so that a directory that was removed is noticed; after a failed
    write (disk full) it is cut back to the last whole event, so that it stays readable.
    """

    def __init__(self, logdir: str) -> None:
        self.logdir = logdir
        self._path = Path(logdir) / _file_name()
        self._pending = bytearray(frame(first_event()))
        self._size = 0
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch(exist_ok=False)
            self.flush()
        except OSError as err:
            raise LogdirError(_unwritable(logdir, err)) from err

    @property
    def pending_bytes(self) -> int:
        """Bytes added and not yet written."""
        return len(self._pending)

    def add(self, event: bytes) -> None:
        """Append one event; it is on disk after the next `flush`."""
        self._pending += frame(event)

    def flush(self, *, final: bool = False) -> None:  # noqa: ARG002 - always written at once
        """Hand everything to the operating system."""
        if not self._pending:
            return
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        try:
            view = memoryview(bytes(self._pending))
            while view:
                view = view[os.write(descriptor, view) :]
        except OSError:
            os.ftruncate(descriptor, self._size)
            raise
        finally:
            os.close(descriptor)
        self._size += len(self._pending)
        self._pending.clear()

    def drop(self) -> None:
        """Forget what could not be written."""
        self._pending.clear()

    def close(self) -> None:
        """Flush; the file is not open between flushes."""
        self.flush(final=True)


class RemoteEventFile:
    """A file in any storage that TensorBoard opens (gs://, s3://, fsspec's), through its gfile.

    Storage that cannot append gets the whole file at each upload. Google's library for fsspec says
    that it appends and overwrites, so what a storage does is tried, not asked.
    """

    def __init__(self, logdir: str) -> None:
        require_folder(logdir)
        self.logdir = logdir
        self._url = f"{logdir.rstrip('/')}/{_file_name()}"
        self._pending = bytearray(frame(first_event()))
        self._uploaded = 0.0
        self._whole: IO[bytes] | None = None
        """All of the file, for storage that cannot append."""
        try:
            gfile().makedirs(logdir)
            self._file = gfile().GFile(self._url, "wb")
            if not self._try_to_append():
                self._file.close()
                self._whole = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
            self.flush(final=True)
        # Which errors a storage raises is its own affair; each means that it cannot be written.
        except Exception as err:
            raise LogdirError(explain(logdir, "written", err)) from err

    def _try_to_append(self) -> bool:
        """Write what is pending in two parts; whether the storage then holds both of them."""
        if not getattr(self._file, "fs_supports_append", True):
            return False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for part in (self._pending[:8], self._pending[8:]):
                self._file.write(bytes(part))
                self._file.flush()
        if gfile().stat(self._url).length != len(self._pending):
            return False
        self._pending.clear()
        return True

    @property
    def pending_bytes(self) -> int:
        """Bytes added and not yet written."""
        return len(self._pending)

    def add(self, event: bytes) -> None:
        """Append one event; it is stored after a `flush`."""
        self._pending += frame(event)

    def flush(self, *, final: bool = False) -> None:
        """Store the file, at most every `UPLOAD_S` where it must be sent whole each time."""
        due = final or time.monotonic() - self._uploaded >= UPLOAD_S
        if not self._pending or (self._whole is not None and not due):
            return
        try:
            self._store(bytes(self._pending))
        except Exception as err:
            raise OSError(str(err) or type(err).__name__) from err
        self._pending.clear()
        self._uploaded = time.monotonic()

    def _store(self, data: bytes) -> None:
        if self._whole is None:
            self._file.write(data)
            self._file.flush()
            return
        self._whole.seek(0)
        before = self._whole.read()
        with gfile().GFile(self._url, "wb") as file:
            file.write(before + data)
        self._whole.write(data)

    def drop(self) -> None:
        """Forget what could not be written."""
        self._pending.clear()

    def close(self) -> None:
        """Store the file and close it."""
        self.flush(final=True)
        (self._whole or self._file).close()


class SharedEventFile:
    """The file of a SummaryWriter (torch's or tensorboardX's), which stays its owner's to close."""

    def __init__(self, summary_writer: SummaryWriterLike) -> None:
        file_writer = summary_writer._get_file_writer()
        # Held from now on: asking again after its owner closed it would open a second file.
        events: Any = getattr(file_writer, "event_writer", None)
        if events is None:
            msg = (
                f"{summary_writer!r} writes no file; pass a logdir, or a SummaryWriter that "
                "writes to disk."
            )
            raise OptionError(msg)
        self._events = events
        self.logdir = str(file_writer.get_logdir())
        self._event_type = _event_type(summary_writer)

    @property
    def pending_bytes(self) -> int:
        """0: its owner's queue is bounded."""
        return 0

    def add(self, event: bytes) -> None:
        """Queue one event in the given writer."""
        # tensorboardX would drop it in silence.
        if getattr(self._events, "_closed", False):
            raise OSError(errno.EBADF, "its SummaryWriter was closed")
        self._events.add_event(self._event_type.FromString(event))

    def flush(self, *, final: bool = False) -> None:  # noqa: ARG002 - always written at once
        """Wait until the given writer has written its queue."""
        self._events.flush()

    def drop(self) -> None:
        """Do nothing: this class buffers no events."""

    def close(self) -> None:
        """Flush; the writer stays open."""
        self.flush()


def _event_type(summary_writer: SummaryWriterLike) -> Any:
    """The class of events that this writer takes; tensorboardX has its own copy."""
    if any(base.__module__.startswith("tensorboardX") for base in type(summary_writer).__mro__):
        return import_module("tensorboardX.proto.event_pb2").Event
    from tensorboard.compat.proto.event_pb2 import Event

    return Event


def _unwritable(logdir: str, err: OSError) -> str:
    blocking = next(
        (path for path in (Path(logdir), *Path(logdir).parents) if path.is_file()), None
    )
    if blocking is not None:
        return (
            f"The log directory {logdir!r} cannot be created: {str(blocking)!r} is a file. Pass a "
            "directory, such as 'runs/lr=0.01'."
        )
    reason = err.strerror or str(err)
    return (
        f"The log directory {logdir!r} cannot be written ({reason}). Pass another directory, or "
        "make this one writable."
    )
