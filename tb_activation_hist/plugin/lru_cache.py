"""A cache bounded by bytes, safe to use from several threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LruCache(Generic[K, V]):
    """Keeps the items used last, up to `limit_bytes`; a single larger item is kept alone."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0
        self._items: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._items)

    def get(self, key: K) -> V | None:
        """Get an item and mark it as the one used last; None when it is not kept."""
        with self._lock:
            found = self._items.get(key)
            if found is None:
                return None
            self._items.move_to_end(key)
            return found[0]

    def put(self, key: K, item: V, size_bytes: int, *, evict: bool = True) -> None:
        """Keep an item in place of an older one with the same key.

        evict: whether other items may be dropped for it; if not, it is kept only if it fits.
        """
        with self._lock:
            old = self._items.pop(key, None)
            self.held_bytes -= old[1] if old else 0
            if not evict and self.held_bytes + size_bytes > self.limit_bytes:
                return
            self.held_bytes += size_bytes
            self._items[key] = (item, size_bytes)
            while self.held_bytes > self.limit_bytes and len(self._items) > 1:
                _, (_, dropped) = self._items.popitem(last=False)
                self.held_bytes -= dropped
