"""Why selected layers gave no output, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from torch import nn

from tb_activation_hist.capture.select import Layer
from tb_activation_hist.capture.torch_internals import is_compiled

NAMED: Final = 12
"""Silent layers that a warning names; the run's information names all."""


def explain_silence(model: nn.Module, layers: Sequence[Layer], silent: Sequence[str]) -> str:
    """One text for all silent layers: their names, the likely cause, the remedy."""
    modules = {layer.name: layer.module for layer in layers}
    more = f" and {len(silent) - NAMED} more" if len(silent) > NAMED else ""
    text = (
        f"{len(silent)} of {len(layers)} layers did not run in the first step and have no "
        f"histograms so far: {', '.join(silent[:NAMED])}{more}."
    )
    if any(is_compiled(module) for module in model.modules()):
        return (
            f"{text} The model was compiled before the logger was attached, and a compiled model "
            "does not call hooks that are added later: create the logger before the first call "
            "of the compiled model, or call torch.compiler.reset() now."
        )
    resting = [name for name in silent if not modules[name].training]
    if resting:
        return (
            f"{text} {', '.join(resting[:NAMED])} is in eval mode: record it with "
            "phases=('train', 'eval'), or call train() on it."
        )
    return (
        f"{text} A parent module may use a layer's weights without calling it "
        "(nn.MultiheadAttention and its out_proj, fused paths): choose the parent with layers=... "
        "A layer in a branch that was not taken appears as soon as it runs."
    )
