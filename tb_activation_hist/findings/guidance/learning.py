"""Layers that do not learn, and runs that part."""

from __future__ import annotations

from typing import Final

from tb_activation_hist.findings.guidance.guidance import Guidance, Pattern, always, is_info

COUNT_IN_OPTIMIZER: Final = (
    'own = {id(p) for group in optimizer.param_groups for p in group["params"]}\n'
    "print([n for n, p in model.named_parameters() if p.requires_grad and id(p) not in own])"
)

FROZEN: Final = Guidance(
    causes=(
        "layers that were frozen on purpose, as in fine-tuning",
        "a detach() or no_grad() in the forward pass",
        "parameters that are missing in the optimizer",
    ),
    remedy="Where they are frozen on purpose, nothing is wrong.",
    code=COUNT_IN_OPTIMIZER,
    check="Print requires_grad and grad of the parameters of <layer> after a backward pass.",
)

STILL: Final = Guidance(
    causes=(
        "parameters that are missing in the optimizer, or in a group with a rate near 0",
        "a detach() or no_grad() that keeps gradients from <layer>",
        "a layer that learns although the distribution of its outputs stays the same",
    ),
    remedy="Give all layers to the optimizer with one rate, and look for detach() in the forward "
    'pass. Record the kinds "weights" and "updates" to know whether the layer learns.',
    code=COUNT_IN_OPTIMIZER,
    check="Print the grad of the parameters of <layer> after a backward pass: None means that no "
    "gradient gets there, a number that the optimizer does not use it.",
)

NOT_LEARNING: Final[tuple[Pattern, ...]] = ((is_info, FROZEN), (always, STILL))

APART: Final = Guidance(
    causes=(),
    remedy="Compare what differs between the two runs (learning rate, initialisation, data, code); "
    "where the first of these layers parts, look at its inputs first.",
    code="",
    check="Train both with the same seed and one difference at a time.",
)

RUN_DIFFERENCE: Final[tuple[Pattern, ...]] = ((always, APART),)
