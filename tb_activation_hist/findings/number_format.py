"""Factors in words, for the titles of findings."""

from __future__ import annotations

import math
from typing import Final

_DIGITS: Final = 2
_NAMES: Final = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))
_POWERS_FROM: Final = 1e15


def format_factor(value: float) -> str:
    """Two digits, to be followed by "times": 2.4, 31, 9,300, 2.4 million, 10^30."""
    if not math.isfinite(value):
        return "endlessly many"
    if abs(value) >= _POWERS_FROM:
        return f"10^{math.floor(math.log10(abs(value)))}"
    short = _to_digits(value)
    for size, name in _NAMES:
        if abs(short) >= size:
            return f"{_to_digits(short / size):g} {name}"
    return f"{short:,.0f}" if abs(short) >= 1000 else f"{short:g}"


def _to_digits(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
