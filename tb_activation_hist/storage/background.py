"""One thread that stores records while the training goes on."""

from __future__ import annotations

import atexit
import os
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Final, Generic, TypeVar

from tb_activation_hist.core.user_warnings import warn_user
from tb_activation_hist.storage.options import WriterOptions

T = TypeVar("T")
"""Type of the stored records."""

POLL_S: Final = 0.5
"""Interval at which a waiting thread checks that the other one is still alive."""


class _Flush:
    """Asks the thread to flush; `done` is set afterwards."""

    def __init__(self) -> None:
        self.done = threading.Event()


class _Close(_Flush):
    """Asks the thread to flush and end."""


class BackgroundThread(ABC, Generic[T]):
    """A bounded queue of records and the thread that stores them.

    The queue holds at most ``options.queue_records`` records, the one being stored included. In a
    forked child (a DataLoader worker) every method does nothing: there is no thread there.
    """

    def __init__(self, options: WriterOptions) -> None:
        self.options = options
        self.waited_s = 0.0
        """Seconds that the training's thread has waited for room in the queue."""
        self.skipped = 0
        self.lost = 0
        self.errors: list[str] = []
        self._items: SimpleQueue[T | _Flush] = SimpleQueue()
        self._capacity = threading.Semaphore(options.queue_records)
        self._unwarned: list[str] = []
        self._failure: BaseException | None = None
        self._closed = False
        self._process = os.getpid()
        self._next_flush = time.monotonic() + options.flush_s
        self._thread = threading.Thread(target=self._run, name="activation-hist", daemon=True)

    def start(self) -> None:
        """Start the thread; from here on nothing raises unless ``on_error="raise"``."""
        self._thread.start()
        atexit.register(self.close)

    @abstractmethod
    def store(self, record: T) -> None:
        """Take in one record; runs on the thread."""

    @abstractmethod
    def save(self, *, final: bool) -> None:
        """Write what was taken in; runs on the thread, every ``flush_s`` seconds."""

    def put(self, record: T) -> bool:
        """Queue a record for the thread; False when it is skipped or there is no thread."""
        if self._process != os.getpid():
            return False
        self._raise_or_warn()
        if self._closed or self._has_died():
            self.lost += 1
            return False
        if not self._reserve():
            self.skipped += 1
            return False
        self._items.put(record)
        return True

    def _reserve(self) -> bool:
        if self.options.on_backlog == "skip":
            return self._capacity.acquire(blocking=False)
        if self._capacity.acquire(blocking=False):
            return True
        began = time.perf_counter()
        try:
            return self._wait_for_room()
        finally:
            self.waited_s += time.perf_counter() - began

    def _wait_for_room(self) -> bool:
        while not self._capacity.acquire(timeout=POLL_S):
            if not self._thread.is_alive():
                return False
        return True

    def _has_died(self) -> bool:
        """Whether the thread has ended though nobody closed it; warns about that once."""
        if self._thread.is_alive():
            return False
        self.note_error(
            "The thread that writes the activation histograms has ended. The training goes on "
            "without being recorded; earlier records are kept. Create a new logger to continue "
            "recording."
        )
        self._raise_or_warn()
        return True

    def flush(self) -> None:
        """Wait until everything queued so far is on disk, at most ``close_timeout_s``."""
        if self._process == os.getpid() and not self._closed:
            self._ask(_Flush())
            self._raise_or_warn()

    def close(self) -> None:
        """Store what is queued, flush and end the thread; idempotent, bounded in time."""
        if self._process != os.getpid() or self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        if self._has_died():
            self._guard(self.save, final=True)
        elif not self._ask(_Close()) and self._thread.is_alive():
            self.note_error(
                f"The activation histograms were not all written within "
                f"{self.options.close_timeout_s:g} s (close_timeout_s); the newest records are "
                "missing."
            )
        self._raise_or_warn()

    def _ask(self, request: _Flush) -> bool:
        self._items.put(request)
        end = time.monotonic() + self.options.close_timeout_s
        while not request.done.wait(POLL_S):
            if not self._thread.is_alive() or time.monotonic() >= end:
                return request.done.is_set()
        return True

    def note_error(self, message: str) -> None:
        """Note what went wrong; the training's thread warns about it, once for each message."""
        if message not in self.errors:
            self.errors.append(message)
            self._unwarned.append(message)

    def _raise_or_warn(self) -> None:
        if self.options.on_error == "raise" and self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        while self._unwarned:
            warn_user(self._unwarned.pop(0))

    def _run(self) -> None:
        while True:
            try:
                item = self._items.get(timeout=max(self._next_flush - time.monotonic(), 0.0))
            except Empty:
                item = None
            if item is not None and not isinstance(item, _Flush):
                self._guard(self.store, item)
                self._capacity.release()
            closing = isinstance(item, _Close)
            if isinstance(item, _Flush) or time.monotonic() >= self._next_flush:
                self._guard(self.save, final=closing)
                self._next_flush = time.monotonic() + self.options.flush_s
            if isinstance(item, _Flush):
                item.done.set()
            if closing:
                return
            # Nothing may keep a record's buffers alive while the thread waits for the next.
            del item

    def _guard(self, action: Callable[..., None], *args: Any, **kwargs: Any) -> None:
        try:
            action(*args, **kwargs)
        # Whatever it is, the training must go on; the user is warned once.
        except Exception as err:  # noqa: BLE001
            self._failure = err
            self.note_error(
                f"Activation histograms: {type(err).__name__}: {err}. The training goes on; the "
                "affected records are not stored."
            )
