"""In which order a trouble spreads within one step."""

from __future__ import annotations

from typing import Final

from tb_activation_hist.core.names import PHASES, LayerInfo

_STAGES: Final = ("activations", "gradients", "weight_gradients", "updates", "weights")
"""Kinds in the order in which a step makes their values."""

_BACKWARD: Final = ("gradients", "weight_gradients")


def spread_key(info: LayerInfo) -> tuple[int, int, int]:
    """Sort key of layers that show a trouble from one step on: the nearest to its cause first.

    The forward pass goes through the layers in model order. The backward pass follows, from the
    last layer to the first, and after it the parameters change.
    """
    stage = _STAGES.index(info.kind) if info.kind in _STAGES else len(_STAGES)
    order = -info.order if info.kind in _BACKWARD else info.order
    return PHASES.index(info.phase) if info.phase in PHASES else len(PHASES), stage, order
