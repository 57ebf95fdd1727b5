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
from typing import IO, TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.errors import FormatError, LogdirError, join_problems
from tb_activation_hist.storage.crc32c import masked_crc32c
from tb_activation_hist.storage.remote import is_remote, list_files, read_file

if TYPE_CHECKING:
    from tensorboard.compat.proto.event_pb2 import Event

EVENT_FILE_MARK: Final = "tfevents"
"""The part of its name by which TensorBoard knows an event file."""


HEAD_BYTES: Final = 12
"""Of an event: its length and the length's checksum."""

EXTRA_BYTES: Final = HEAD_BYTES + 4
"""Of an event, beside the event itself."""

SEARCHED_BYTES: Final = 2**20
"""Looked at together where an event is searched for."""


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
    """Yield (offset, event bytes) of each whole event, also of those behind bytes that are none.

    After the last one FormatError where bytes were passed over: a writer that was killed and
    resumed, or a disk, may leave some in the middle of a file, where TensorBoard stops. A file that
    is still being written ends in the middle of an event or in zeros; that is no damage.
    """
    size, offset = file.seek(0, os.SEEK_END), 0
    skipped = []
    while offset < size:
        event = _whole_event(file, offset, size)
        if event is not None:
            yield offset, event
            offset += len(event) + EXTRA_BYTES
            continue
        next_offset = _find_event(file, offset + 1, size)
        if next_offset is None and _may_go_on(file, offset):
            break
        end = size if next_offset is None else next_offset
        skipped.append(
            f"no event begins at byte {offset:,} of {size:,}, so {end - offset:,} bytes are left "
            "out."
        )
        offset = end
    if skipped:
        raise FormatError(join_problems(skipped))


def skip_events(file: IO[bytes], offset: int) -> tuple[int, bool]:
    """Step over the whole events from `offset` on, by their heads alone.

    Returns where they end, and whether that is neither the end of the file nor an event that is
    still being written: there TensorBoard stops.
    """
    size = file.seek(0, os.SEEK_END)
    while (length := _length_at(file, offset)) is not None:
        if offset + length + EXTRA_BYTES > size:
            break
        offset += length + EXTRA_BYTES
    return offset, offset < size and not (
        _may_go_on(file, offset) and _find_event(file, offset + 1, size) is None
    )


def _length_at(file: IO[bytes], offset: int) -> int | None:
    file.seek(offset)
    return _event_length(file.read(HEAD_BYTES))


def decode_events(file: IO[bytes]) -> Iterator[tuple[int, Event]]:
    """Yield (offset, event) of each event that can be decoded, else as `scan_events`."""
    from google.protobuf.message import DecodeError
    from tensorboard.compat.proto.event_pb2 import Event

    problems = []
    try:
        for offset, data in scan_events(file):
            try:
                event = Event.FromString(data)
            except DecodeError:
                problems.append(f"the event at byte {offset:,} is left out.")
                continue
            yield offset, event
    except FormatError as err:
        problems.append(str(err))
    if problems:
        raise FormatError(join_problems(problems))


def read_event(file: IO[bytes], offset: int) -> bytes:
    """The event at an offset that `scan_events` gave; FormatError where it is there no longer."""
    size = file.seek(0, os.SEEK_END)
    length = _length_at(file, offset)
    if length is None:
        raise FormatError(f"no event begins at byte {offset:,} of {size:,}")
    return file.read(length)


def _whole_event(file: IO[bytes], offset: int, size: int) -> bytes | None:
    """The event at an offset; None where none begins or only a part of it is there.

    Its own checksum is looked at only where no event follows: that of each would cost a reading
    without google-crc32c half a second for 100 MB.
    """
    length = _length_at(file, offset)
    if length is None or offset + length + EXTRA_BYTES > size:
        return None
    data, head = file.read(length + 4), file.read(HEAD_BYTES)
    goes_on = len(head) < HEAD_BYTES or _event_length(head) is not None
    return data[:length] if goes_on or _has_own_sum(data) else None


def _may_go_on(file: IO[bytes], offset: int) -> bool:
    """Whether what stands there is the begin of an event, or zeros that one will replace."""
    file.seek(offset)
    head = file.read(HEAD_BYTES)
    return len(head) < HEAD_BYTES or not any(head) or _event_length(head) is not None


def _find_event(file: IO[bytes], start: int, size: int) -> int | None:
    """Offset of the first whole event from `start` on whose checksums fit; None without one."""
    for window in range(start, size, SEARCHED_BYTES):
        file.seek(window)
        data = np.frombuffer(file.read(SEARCHED_BYTES + HEAD_BYTES - 1), np.uint8)
        for place in _possible_heads(data).tolist():
            length = _event_length(data[place : place + HEAD_BYTES].tobytes())
            if length is None or window + place + length + EXTRA_BYTES > size:
                continue
            file.seek(window + place + HEAD_BYTES)
            if _has_own_sum(file.read(length + 4)):
                found: int = window + place
                return found
    return None


def _possible_heads(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.intp]:
    """Where four bytes that are not all 0 precede four zeros, as in lengths below 4 GiB."""
    places = max(len(data) - HEAD_BYTES + 1, 0)
    used = data != 0
    low, high = (
        used[at : at + places]
        | used[at + 1 : at + 1 + places]
        | used[at + 2 : at + 2 + places]
        | used[at + 3 : at + 3 + places]
        for at in (0, 4)
    )
    return np.flatnonzero(low & ~high)


def _event_length(head: bytes) -> int | None:
    """Bytes of an event by what stands before it; None where that is not right."""
    if len(head) < HEAD_BYTES or struct.unpack_from("<I", head, 8)[0] != masked_crc32c(head[:8]):
        return None
    length: int = struct.unpack_from("<Q", head)[0]
    return length


def _has_own_sum(data: bytes) -> bool:
    """Whether the last four bytes are the checksum of the others."""
    return len(data) > 4 and int.from_bytes(data[-4:], "little") == masked_crc32c(data[:-4])
