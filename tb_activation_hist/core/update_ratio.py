"""How large an optimizer's updates are beside the weights, as a logarithm."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray

USUAL_RATIO: Final = -3.0
"""Where the ratio of a healthy training lies roughly: a thousandth of the weights in each step.

After Andrej Karpathy, "Neural Networks: Zero to Hero", lecture 4, who takes standard deviations;
root mean squares are the same for weights around 0, and defined for norms' weights around 1 too.
"""

UPDATES: Final = "updates/"
"""Start of the keys of the kind `updates`."""


def log10_rms(finite: Any, sum_sq: Any) -> FloatArray:
    """log10 of the root mean square; -inf where all values are 0, NaN without finite values."""
    finite = np.asarray(finite, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(finite > 0, 0.5 * np.log10(np.asarray(sum_sq) / finite), np.nan)


def update_columns(key: str, ratio: FloatArray) -> dict[str, FloatArray]:
    """The column that updates add to a table of records; none for other kinds."""
    return {"update_ratio": ratio} if key.startswith(UPDATES) else {}
