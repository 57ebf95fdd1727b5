"""Sums of float32 values that neither overflow nor vanish, as the Triton kernels take them."""

# Triton's language has its own types.
# ruff: noqa: ANN001, ANN201

from __future__ import annotations

from typing import Final

import triton
import triton.language as tl

LARGE: Final = tl.constexpr(2.0**48)
"""From here on, and below `SMALL`, values are scaled before they are squared."""

SMALL: Final = tl.constexpr(2.0**-48)
UP: Final = tl.constexpr(2.0**96)
DOWN: Final = tl.constexpr(2.0**-96)


@triton.jit
def add_exactly(high, low, x):  # type: ignore[no-untyped-def]
    """Add x to high + low: Knuth's two-sum, whose rounding error goes into `low`."""
    total = high + x
    part = total - high
    return total, low + ((high - (total - part)) + (x - part))
