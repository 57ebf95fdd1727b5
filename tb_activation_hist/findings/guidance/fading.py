"""Scales that fall, outputs that are 0 or do not vary."""

from __future__ import annotations

from typing import Final

from tb_activation_hist.findings.guidance.guidance import (
    Case,
    Guidance,
    Pattern,
    always,
    exceeds,
    from_start,
    is_info,
)
from tb_activation_hist.findings.guidance.snippets import (
    CLIP,
    INITIALISE,
    LOWER_RATE,
    PRINT_BIASES,
)
from tb_activation_hist.findings.layer_types import ZEROING, normalises

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

DOES_WITHOUT: Final = Guidance(
    causes=(
        "a branch that the network does without",
        "a learning rate that is too high for <layer>",
    ),
    remedy="The loss is no worse for it, so that nothing may be wrong. If the network should use "
    "<layer>, lower its rate, or put a norm before it.",
    code="",
    check="Train once without <layer>: if the loss ends the same, it is not needed.",
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


VANISHING: Final[tuple[Pattern, ...]] = (
    (exceeds("vanishing_gradient"), GRADIENTS_VANISH),
    (exceeds("vanishing_depth"), INPUT_FADES),
    (exceeds("vanishing_start"), TINY_FROM_START),
    (exceeds("vanishing_weights"), TINY_FROM_START),
    (exceeds("vanishing_bound"), BOUND_TABLE),
    (exceeds("vanishing_factors"), FAINT_NORMS),
    (exceeds("vanishing_beside"), SHRINKS_ALONE),
    (_is_thrown_down, THROWN_DOWN),
    (_fades_alone, SHRINKS_ALONE),
    (exceeds("vanishing_last"), OUTPUTS_SHRINK),
    (always, VALUES_VANISH),
)

ZERO_FROM_START: Final = Guidance(
    causes=(
        "weights initialised at 0, as in LoRA and in the last layers of residual branches",
        "biases far below zero before a ReLU",
        "inputs that are 0",
    ),
    remedy=(
        "If the zeros are intended, nothing is wrong as long as they do not last. Otherwise, "
        "check the initialisation and the inputs."
    ),
    code=INITIALISE,
    check=(
        "Before the first step, print the weights and biases of <layer> and of the layer before it."
    ),
)

RELU_ZERO_FROM_START: Final = Guidance(
    causes=(
        "biases far below zero in the layer before <layer>",
        "weights of the layer before that start at 0, or with a negative mean",
        "inputs that are 0",
    ),
    remedy="A ReLU whose outputs are all 0 passes no gradient, so that nothing before it learns "
    "either. Set these biases to 0, or use a leaky ReLU.",
    code=PRINT_BIASES,
    check="The code prints the range of all biases: those of the layer before <layer> should lie "
    "near 0.",
)

NORM_ZERO_FROM_START: Final = Guidance(
    causes=(
        "a loop that sets all vectors to 0, meant for the biases, and the norms' weights with them",
        "a last norm of a residual branch, which begins at 0 on purpose and is never trained",
        "inputs that are 0",
    ),
    remedy="Set the norm's weight to 1. In the last norm of a residual branch 0 is a good start; "
    "the optimizer must have it then.",
    code="for name, module in model.named_modules():\n"
    '    if "Norm" in type(module).__name__ and module.weight is not None:\n'
    "        print(name, module.weight.abs().max())",
    check="The code prints the largest weight of each norm: 1 is usual before the first step.",
)

FELL_TO_ZERO: Final = Guidance(
    causes=(
        "a learning rate that was too high at this step and killed the units before <layer>",
        "weight decay that is too strong",
        "inputs that became 0",
    ),
    remedy=(
        "Dead units do not recover: resume from a checkpoint before step <step> with a lower "
        "rate or a longer warm-up. Add normalisation."
    ),
    code=f"{CLIP}\n{LOWER_RATE}",
    check=(
        "Look at the layers before <layer> at step <step>. If they jump, the cause is the rate; "
        "if they are also 0, it is the input."
    ),
)

EQUAL_FROM_START: Final = Guidance(
    causes=(
        "inputs far outside of the range for which the first layers are made, or all alike",
        "weights that start at 0 or far too small, so that only the biases matter",
        "biases or norms that push all values to one end of a nonlinearity's range",
    ),
    remedy="Look at the first layer that is named: what goes into it still differs from sample to "
    "sample. Normalise the inputs, and initialise as torch does by itself.",
    code="outputs = model(inputs)\nprint(inputs.std(0).mean(), outputs.std(0).mean())",
    check="The code prints how far samples lie apart before and after the network; the second "
    "number is next to 0.",
)

DEEP: Final = 10
"""Layers with weights from which on a network needs norms or shortcuts."""

CHAIN: Final = 3
"""Sigmoids or tanhs that follow each other, from which on little is left of the input."""

DEEP_AND_PLAIN: Final = Guidance(
    causes=(
        "a deep network without norms or skip connections, in which the input fades",
        "weights that start too small",
        "inputs that are all alike",
    ),
    remedy="Add a norm after each layer with weights, and a skip connection around every two of "
    "them; or use fewer layers.",
    code="def forward(self, x):\n    return x + self.block(self.norm(x))",
    check="Compare how far the samples lie apart layer by layer: outputs.std(0).mean() shrinks "
    "with each layer where the input fades.",
)

CHAIN_SQUASHES: Final = Guidance(
    causes=(
        "a chain of sigmoids or tanhs, each of which leaves less of the input",
        "weights that start too small",
        "inputs that are all alike",
    ),
    remedy="Use ReLU-like nonlinearities between the layers, or add normalisation.",
    code="layers = [torch.nn.Linear(width, width), torch.nn.ReLU()]",
    check="Compare how far the samples lie apart layer by layer: outputs.std(0).mean() shrinks "
    "with each sigmoid.",
)


def _is_equal_from_start(case: Case) -> bool:
    return case.exceeds("equal_outputs") and case.from_start


def _is_plain_chain(case: Case) -> bool:
    own = case.network
    return _is_equal_from_start(case) and not own.has_norms and own.squashing >= CHAIN


def _is_deep_and_plain(case: Case) -> bool:
    own = case.network
    return _is_equal_from_start(case) and not own.has_norms and own.layers >= DEEP


EQUAL_LATER: Final = Guidance(
    causes=(
        "units that died or saturated from a learning rate that was too high",
        "weight decay that is too strong, so that only the biases are left",
        "a loss that one answer for all samples makes small, as without negative pairs",
    ),
    remedy="Lower the learning rate or warm it up, lower the weight decay, or add what keeps the "
    "outputs of samples apart (negative pairs, a stopped gradient, a variance term).",
    code="outputs = model(inputs)\nprint(inputs.std(0).mean(), outputs.std(0).mean())",
    check="Look at the layers before <layer> at step <step>: if they jump, the cause is the rate; "
    "if they shrink, it is the decay.",
)


def _is_relu_from_start(case: Case) -> bool:
    return case.from_start and case.info.type in ZEROING


def _is_norm_from_start(case: Case) -> bool:
    return case.from_start and normalises(case.info)


COLLAPSED: Final[tuple[Pattern, ...]] = (
    (is_info, DOES_WITHOUT),
    (_is_plain_chain, CHAIN_SQUASHES),
    (_is_deep_and_plain, DEEP_AND_PLAIN),
    (_is_equal_from_start, EQUAL_FROM_START),
    (exceeds("equal_outputs"), EQUAL_LATER),
    (_is_relu_from_start, RELU_ZERO_FROM_START),
    (_is_norm_from_start, NORM_ZERO_FROM_START),
    (from_start, ZERO_FROM_START),
    (always, FELL_TO_ZERO),
)

ZEROS_FROM_START: Final = Guidance(
    causes=(
        "biases far below zero",
        "inputs that are not centred",
        "weights that start with a negative mean",
    ),
    remedy="About half zeros are normal after a ReLU. Set the biases to 0, centre the inputs, or "
    "use a leaky ReLU.",
    code="torch.nn.init.zeros_(layer.bias)  # of the layer before <layer>",
    check="Look at the outputs of the layer before <layer>: their mean should be near 0.",
)

MANY_DIED: Final = Guidance(
    causes=(
        "units that died from a learning rate that was too high",
        "biases that fell far below zero",
        "inputs that became sparse",
    ),
    remedy="About half zeros are normal after a ReLU. Lower the rate or warm it up, add "
    "normalisation, or use a leaky ReLU.",
    code=LOWER_RATE,
    check='Record <layer> with split={"<layer>": 1}: it names the units that are always 0.',
)

MOSTLY_ZERO: Final[tuple[Pattern, ...]] = (
    (is_info, DOES_WITHOUT),
    (from_start, ZEROS_FROM_START),
    (always, MANY_DIED),
)
