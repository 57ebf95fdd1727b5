"""Attention masks among a model's inputs, as transformers' models take them: 1 is attended to."""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_activation_hist.findings.signals import Signals

TOKENS: Final = 2
"""Dimensions of token ids and of their mask, (N, T)."""


def is_attention_mask(signals: Signals) -> bool:
    """Whether this is one of whole numbers for each token; others may be added to the scores."""
    info = signals.info
    name = info.layer.rpartition("/")[2].lower()
    whole = info.dtype == "bool" or "int" in info.dtype
    return whole and len(info.shape) == TOKENS and name == "attention_mask"


def shows_padding_alone(mask: Signals, ids: Signals) -> bool:
    """Whether a mask has its ones where the ids are 0, as padding is, by their numbers.

    In each record as many ids are 0 as places have a one, and not as many as have a zero.
    """
    if ids.info.shape != mask.info.shape or not np.array_equal(ids.series.steps, mask.series.steps):
        return False
    padding, hidden = ids.series.zeros, mask.series.zeros
    shown = mask.series.n - hidden
    return bool((padding == shown).all() and (padding > 0).all() and (padding != hidden).any())
