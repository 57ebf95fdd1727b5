"""The usual causes that an advice names."""

from __future__ import annotations

import re
from typing import Final

_CAUSES: Final = re.compile(r"Usual causes: (.+?)\.(?:\s|$)")
_BETWEEN: Final = re.compile(r",\s+(?:or\s+)?(?![^()]*\))")


def split_causes(advice: str) -> tuple[str, ...]:
    """The causes between "Usual causes:" and the end of that sentence; () without any."""
    found = _CAUSES.search(advice)
    return tuple(_BETWEEN.split(found[1])) if found else ()
