"""What the event files themselves tell: which are damaged, and which runs were replaced.

TensorBoard shows only the begin of a damaged file, and says so in its log alone. It does not tell
that files went away: another run in their place may end at the same step and time. Of the events,
only the heads are looked at: 2.4 µs each.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tb_activation_hist.core.errors import LogdirError
from tb_activation_hist.storage.event_file_reader import (
    EventFilePath,
    find_event_files,
    skip_events,
)
from tb_activation_hist.storage.remote import is_remote

LOOK_AGAIN_S: Final = 30.0
SHARE: Final = 20
"""Files are looked at again after this many times as long as it took the last time."""

logger = logging.getLogger(__name__)


@dataclass
class _Seen:
    """A file as far as it was looked at. damaged: no event begins at `whole`, in bytes."""

    run: str
    inode: int
    whole: int = 0
    size: int = 0
    damaged: bool = False


class WatchedFiles:
    """Says which event files under a log directory TensorBoard does not read to their end, and
    which runs have lost files.

    logdir: as TensorBoard was given it. Files of a remote one are not looked at, since they would
    be fetched whole. pause: is called before each file, to wait for what is more urgent.
    """

    def __init__(
        self,
        logdir: str,
        pause: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._logdir = "" if is_remote(logdir) else logdir
        self._pause = pause
        self._clock = clock
        self._seen: dict[str, _Seen] = {}
        self._warnings: list[str] = []
        self._replaced: Counter[str] = Counter()
        self._just_replaced: set[str] = set()
        self._due = 0.0
        self._looking = threading.Lock()

    def warnings(self) -> list[str]:
        """A sentence for each damaged file, as last looked at; another look begins if it is due."""
        if self._logdir and self._clock() >= self._due and self._looking.acquire(blocking=False):
            # A daemon: TensorBoard's end does not wait until all files were looked at.
            threading.Thread(
                target=self._look_safely, name="activation_hist files", daemon=True
            ).start()
        return self._warnings

    def times_replaced(self, run: str) -> int:
        """A number that grows when a file of the run was removed or another took its place.

        It grows at the next look, too: TensorBoard may not have read the new file at the first.
        """
        return self._replaced[run]

    def _look_safely(self) -> None:
        start = self._clock()
        try:
            self.look()
        except Exception:  # the page shows what TensorBoard reads in any case
            logger.exception("The event files could not be looked at.")
        finally:
            self._due = self._clock() + max(LOOK_AGAIN_S, SHARE * (self._clock() - start))
            self._looking.release()

    def look(self) -> None:
        """Look at what is new in the files since the last time."""
        try:
            files = find_event_files(self._logdir)
        except LogdirError:
            files = []
        seen = {}
        for file in files:
            self._pause()
            try:
                seen[file.path] = _look_at(file, self._seen.get(file.path))
            except OSError:
                continue
        replaced = {own.run for path, own in self._seen.items() if seen.get(path) is not own}
        self._replaced.update(replaced | self._just_replaced)
        self._just_replaced = replaced
        self._seen = seen
        self._warnings = [
            _describe(file, own)
            for file in files
            if (own := seen.get(file.path)) is not None and own.damaged
        ]


def _look_at(file: EventFilePath, before: _Seen | None) -> _Seen:
    """`before` itself, brought up to date, if the file is still the same."""
    path = Path(file.path)
    status = path.stat()
    is_same = before is not None and before.inode == status.st_ino and before.size <= status.st_size
    seen = before if before is not None and is_same else _Seen(file.run, status.st_ino)
    if status.st_size > seen.size and not seen.damaged:
        # Without a buffer, which would read 8 KiB for each head.
        with path.open("rb", buffering=0) as content:
            seen.whole, seen.damaged = skip_events(content, seen.whole)
    seen.size = status.st_size
    return seen


def _describe(file: EventFilePath, seen: _Seen) -> str:
    return (
        f"Run {file.run!r}: TensorBoard stops reading {Path(file.path).name} at byte "
        f"{seen.whole:,} of {seen.size:,}, since it is damaged there. `tb-activation-hist share` "
        "also reads what follows."
    )
