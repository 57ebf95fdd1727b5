"""Means and medians of the values that are known, which are not NaN; NaN, unwarned, without any."""

from __future__ import annotations

import math

import numpy as np

from tb_activation_hist.core.grid import FloatArray


def known_mean(values: FloatArray) -> float:
    """Mean of the values that are not NaN."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else math.nan


def known_median(values: FloatArray) -> float:
    """Median of the values that are not NaN."""
    known = values[~np.isnan(values)]
    return float(np.median(known)) if known.size else math.nan
