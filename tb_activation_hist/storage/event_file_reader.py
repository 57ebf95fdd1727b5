"""Reads event files without TensorBoard's server: where they lie, and the events in them.

TensorBoard's own reader checks each byte's checksum in a Python loop, 180 ns a byte; here only the
lengths are checked, since a block carries a checksum of its own.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from tb_activation_hist.core.errors import FormatError, LogdirError
from tb_activation_hist.storage.crc32c import masked_crc32c
from tb_activation_hist.storage.remote import is_remote, list_files, read_file

EVENT_FILE_MARK: Final = "tfevents"
"""The part of its name by which TensorBoard knows an event file."""


HEAD_BYTES: Final = 12
"""Of an event: its length and the length's checksum."""

EXTRA_BYTES: Final = HEAD_BYTES + 4
"""Of an event, beside the event itself."""


@dataclass(frozen=True)
class EventFilePath:
    """An event file; run is its directory relative to the log directory, "." for that itself."""

    run: str
    path: str

    def open(self) -> IO[bytes]:
        """Open the file for reading and seeking, else OSError; a remote file is fetched whole."""
        if not is_remote(self.path):
            return Path(self.path).open("rb")
        return io.BytesIO(read_file(self.path))


def find_event_files(logdir: str) -> list[EventFilePath]:
    """All event files under a log directory by run and name; LogdirError when there is none."""
    found = _find_remote(logdir) if is_remote(logdir) else _find_local(logdir)
    if not found:
        msg = (
            f"There is no TensorBoard event file in {logdir!r}. Pass the directory that was given "
            "to the logger, or a directory above it."
        )
        raise LogdirError(msg)
    return sorted(found, key=lambda file: (file.run, file.path))


def require_logdir(logdir: str) -> None:
    """LogdirError for a local path at which there is nothing; URLs are not looked up."""
    if not is_remote(logdir) and not Path(logdir).expanduser().exists():
        msg = f"The log directory {logdir!r} does not exist."
        raise LogdirError(msg)


def _find_local(logdir: str) -> list[EventFilePath]:
    require_logdir(logdir)
    root = Path(logdir).expanduser()
    if root.is_file():
        return [EventFilePath(".", str(root))]
    return [
        EventFilePath(directory.relative_to(root).as_posix(), str(directory / name))
        for directory, names in _walk(root)
        for name in names
        if EVENT_FILE_MARK in name
    ]


def _walk(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Each directory and the names in it; a link to a directory above itself is not followed."""
    above: dict[Path, frozenset[str]] = {root: frozenset()}
    for name, folders, names in os.walk(root, followlinks=True):
        directory = Path(name)
        yield directory, names
        chain = above.pop(directory) | {os.path.realpath(directory)}
        folders[:] = [each for each in folders if os.path.realpath(directory / each) not in chain]
        above |= {directory / folder: chain for folder in folders}


def _find_remote(logdir: str) -> list[EventFilePath]:
    return [
        EventFilePath(run, url) for run, url, name in list_files(logdir) if EVENT_FILE_MARK in name
    ]


def scan_events(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield (offset, event bytes) of each whole event; FormatError where the file is damaged.

    A file that is still being written, or whose writer was killed, ends in the middle of an event
    or in zeros; that is no damage.
    """
    offset, size = 0, file.seek(0, os.SEEK_END)
    file.seek(0)
    while any(head := file.read(HEAD_BYTES)) and len(head) == HEAD_BYTES:
        length = _event_length(head, offset, size)
        if offset + length + EXTRA_BYTES > size:
            return
        data = file.read(length + 4)
        yield offset, data[:length]
        offset += length + EXTRA_BYTES


def read_event(file: IO[bytes], offset: int) -> bytes:
    """The event at an offset that `scan_events` gave; FormatError where it is there no longer."""
    size = file.seek(0, os.SEEK_END)
    file.seek(offset)
    return file.read(_event_length(file.read(HEAD_BYTES), offset, size))


def _event_length(head: bytes, offset: int, size: int) -> int:
    """Bytes of an event by what stands before it; FormatError where that is not right."""
    if len(head) < HEAD_BYTES or struct.unpack_from("<I", head, 8)[0] != masked_crc32c(head[:8]):
        msg = f"no event begins at byte {offset:,} of {size:,}, so what follows is left out."
        raise FormatError(msg)
    length: int = struct.unpack_from("<Q", head)[0]
    return length
