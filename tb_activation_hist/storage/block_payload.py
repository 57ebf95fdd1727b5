"""The C extension that lays out blocks without holding the interpreter, where it was built."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Final, TypeAlias

LayOut: TypeAlias = Callable[[bytes], tuple[bytes, int, int, int]]
"""Packed records -> payload, and K, W and V, as `codec` names them."""

_EXTENSION: Final = "tb_activation_hist.storage._block"


@functools.cache
def load_payload() -> LayOut | None:
    """What lays out the payload of a block; None if numpy must, to the same bytes."""
    try:
        found: LayOut = importlib.import_module(_EXTENSION).payload
    except ImportError:
        return None
    return found
