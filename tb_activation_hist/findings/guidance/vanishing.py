"""Scales that fall, over time, over the depth or from the start."""

from __future__ import annotations

from typing import Final

from tb_activation_hist.findings.guidance.guidance import (
    Case,
    Guidance,
    Pattern,
    always,
    exceeds,
)
from tb_activation_hist.findings.guidance.snippets import CLIP, INITIALISE, LOWER_RATE

GRADIENTS_VANISH: Final = Guidance(
    causes=(
        "a chain of sigmoids or tanhs, each of which shrinks the gradient",
        "a deep network without normalisation or shortcuts",
        "weights that start too small",
    ),
    remedy="Use ReLU-like nonlinearities with He initialisation, add normalisation or residual "
    "connections.",
    code=INITIALISE,
    check=(
        "Compare the updates with the weights, layer by layer (kinds=('updates',)). About 1e-3 "
        "of the weights is usual; far less learns nothing."
    ),
)

INPUT_FADES: Final = Guidance(
    causes=(
        "weights that start too small, so that only the biases matter",
        "saturated or dead nonlinearities in between",
        "a deep network without normalisation or shortcuts",
    ),
    remedy="Initialise with a standard deviation of about sqrt(2 / fan_in), add normalisation or "
    "residual connections.",
    code=INITIALISE,
    check=(
        "Give the network two very different batches. If the outputs of <layer> are about "
        "equal, the input does not reach it."
    ),
)

VALUES_VANISH: Final = Guidance(
    causes=(
        "weight decay that is too strong",
        "weights that are clipped, as in a WGAN",
        "a term of the loss that pulls these outputs to 0",
    ),
    remedy="Lower the weight decay or the weight of that term, clip weights less tightly, or "
    "penalise the gradient instead.",
    code="parameters = model.parameters()\n"
    "optimizer = torch.optim.AdamW(parameters, lr=lr, weight_decay=0.01)",
    check=(
        "Record kinds=('weights',). If the weights of <layer> shrink too, the cause is decay or "
        "clipping; otherwise, it is the loss."
    ),
)

THROWN_DOWN: Final = Guidance(
    causes=(
        "a learning rate that is too high for this stage of the training, or jumps at this step",
        "a single bad batch whose gradients are not clipped",
        "weights that were loaded or initialised anew at this step",
    ),
    remedy="One step threw the layers back. Clip the gradients, lower the rate, and look at the "
    "batch of this step.",
    code=f"{CLIP}\n{LOWER_RATE}",
    check="Log the loss and the rate at each step (logger.step(loss=loss, lr=lr)): a loss that "
    "jumps at step <step> says that the step before it was too large.",
)

TINY_FROM_START: Final = Guidance(
    causes=(
        "weights that start far too small, or at 0",
        "an initialisation that takes a variance for a standard deviation",
    ),
    remedy="Initialise with a standard deviation of about sqrt(2 / fan_in), as torch does by "
    "itself.",
    code=INITIALISE,
    check="Print the standard deviation of the weights of <layer> beside sqrt(2 / fan_in), before "
    "the first step.",
)

BOUND_TABLE: Final = Guidance(
    causes=(
        "max_norm=0.001 where 1 was meant",
        "a bound that was meant for the gradients or for a step",
    ),
    remedy="Leave max_norm out, or set it to 1 or more: each forward pass shrinks the rows that it "
    "looks up to that norm, whatever was learnt.",
    code="torch.nn.Embedding(rows, width)  # no max_norm",
    check="Print <layer>.max_norm and <layer>.weight.norm(dim=1).",
)

FAINT_NORMS: Final = Guidance(
    causes=(
        "norms initialised like convolutions, as normal_(weight, 0, 0.02) on all layers does",
        "norms whose factors are meant to start near 0, as those of some residual branches",
    ),
    remedy="Leave norms as torch initialises them: factors 1, biases 0.",
    code="for module in model.modules():\n"
    "    if 'Norm' in type(module).__name__:\n"
    "        torch.nn.init.ones_(module.weight)",
    check="Print the mean of the weight of <layer> before the first step: 1 is usual.",
)

SHRINKS_ALONE: Final = Guidance(
    causes=(
        "a term of the loss that draws these outputs to 0, as the KL term of a VAE does",
        "a later part of the network that does without them",
        "weight decay that is too strong for this layer",
    ),
    remedy="In a VAE the posterior collapses to the prior: raise the weight of the KL term slowly "
    "from 0, leave it some free bits, or weaken the decoder.",
    code="weight = min(1.0, step / warmup)\nloss = reconstruction + weight * kl",
    check="Write both terms of the loss with each step: the KL term is near 0 where the latent is "
    "not used.",
)

CLASSIFIER_SHRINKS: Final = Guidance(
    causes=(
        "weight decay that is too strong",
        "a penalty of the weights or of these outputs that outweighs the loss",
        "weights that are clipped or scaled after each step",
    ),
    remedy="Lower the weight decay or the weight of the penalty, or clip weights less tightly.",
    code="parameters = model.parameters()\n"
    "optimizer = torch.optim.AdamW(parameters, lr=lr, weight_decay=0.01)",
    check="Write each term of the loss, and the norm of the weight of <layer>, with each step.",
)

OUTPUTS_SHRINK: Final = Guidance(
    causes=(
        "a loss that one answer for all samples makes small, as two views that only have to agree",
        "weights that start too large, so that the training first has to shrink the outputs",
        "targets that are far smaller than the outputs are at the start",
    ),
    remedy="Add what keeps the outputs of samples apart (negative pairs, a stopped gradient, a "
    "variance term), start the last layer smaller, or scale the targets to about unit size.",
    code="outputs = model(inputs)\nprint(outputs.std(0).mean(), targets.double().std())",
    check="The code prints how far the outputs of samples lie apart, and the targets.",
)

FEW: Final = 3
"""Layers with weights up to which one of them may shrink by a weight decay that all have."""


AT_ONCE: Final = 4
"""Records within which what is thrown back has fallen; decay takes many."""


def _is_thrown_down(case: Case) -> bool:
    fell = case.finding.figures.get("fall_records")
    return not case.from_start and isinstance(fell, int) and fell <= AT_ONCE


def _fades_alone(case: Case) -> bool:
    """Whether the outputs of one layer shrink in a network of several: decay shrinks them all."""
    alone = len(case.finding.layers) == 1 and case.network.layers > FEW
    return alone and case.exceeds("vanishing_decay")


def _classifies(case: Case) -> bool:
    """Whether the loss is known to tell classes apart: no term of it draws values to 0."""
    return case.network.classifies


VANISHING: Final[tuple[Pattern, ...]] = (
    (exceeds("vanishing_gradient"), GRADIENTS_VANISH),
    (exceeds("vanishing_depth"), INPUT_FADES),
    (exceeds("vanishing_start"), TINY_FROM_START),
    (exceeds("vanishing_weights"), TINY_FROM_START),
    (exceeds("vanishing_bound"), BOUND_TABLE),
    (exceeds("vanishing_factors"), FAINT_NORMS),
    (_is_thrown_down, THROWN_DOWN),
    (_classifies, CLASSIFIER_SHRINKS),
    (exceeds("vanishing_beside"), SHRINKS_ALONE),
    (_fades_alone, SHRINKS_ALONE),
    (exceeds("vanishing_last"), OUTPUTS_SHRINK),
    (always, VALUES_VANISH),
)
