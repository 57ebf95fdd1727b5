"""Numbered messages from each rank to rank 0, in the key-value store of the process group."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from typing import Any, Final

from tb_activation_hist.capture.torch_internals import default_store

POLL_S: Final = 0.01
"""How often the store is asked for a message that is not there yet."""

_OPENED: Counter[str] = Counter()
"""Mailboxes opened so far for each topic."""


class Mailbox:
    """The messages of one recording; every rank opens its own `Mailbox` on the same store."""

    def __init__(self, store: Any, name: str) -> None:
        self._store = store
        self._name = name

    def key(self, rank: int, number: int) -> str:
        """Where a message is kept."""
        return f"{self._name}/{rank}/{number}"

    def post(self, rank: int, number: int, message: bytes) -> None:
        self._store.set(self.key(rank, number), message)

    def has(self, key: str) -> bool:
        """Whether there is such a message now."""
        return bool(self._store.check([key]))

    def take(self, rank: int, number: int) -> bytes:
        """Remove a message that is there, and return it."""
        key = self.key(rank, number)
        message = bytes(self._store.get(key))
        self._store.delete_key(key)
        return message

    def announce(self, start: int) -> None:
        """Announce, on rank 0, how many steps were done before."""
        self._store.set(f"{self._name}/start", str(start))

    def await_start(self, timeout_s: float) -> int:
        """What rank 0 announced; 0 when it does not within this time."""
        key = f"{self._name}/start"
        end = time.monotonic() + timeout_s
        while not self.has(key):
            if time.monotonic() >= end:
                return 0
            time.sleep(POLL_S)
        return int(self._store.get(key))

    def announce_thinning(self, thinning: int) -> None:
        """Announce, on rank 0, that one in this many steps is recorded from now on."""
        self._store.set(f"{self._name}/thinning", str(thinning))

    def read_thinning(self) -> int:
        """What rank 0 announced last; 1 when nothing."""
        key = f"{self._name}/thinning"
        return int(self._store.get(key)) if self.has(key) else 1

    @property
    def end_key(self) -> str:
        """Exists once rank 0 reads no more."""
        return f"{self._name}/end"

    def end(self) -> None:
        """Announce, on rank 0, that it has stopped reading."""
        self._store.set(self.end_key, b"1")


def open_mailbox(topic: str) -> Mailbox | None:
    """The mailbox of one logger; None if the process group has no store for it.

    topic: the same on all ranks that record to the same place. The n-th mailbox that a rank opens
    for a topic is the n-th of every other rank.
    """
    store = default_store()
    if not hasattr(store, "check"):
        return None
    with contextlib.suppress(AttributeError, NotImplementedError, RuntimeError):
        # Its own connection, so that nobody waits for another's blocking request.
        store = store.clone()
    _OPENED[topic] += 1
    return Mailbox(store, f"tb_activation_hist/{topic}/{_OPENED[topic]}")
