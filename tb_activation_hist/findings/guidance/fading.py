"""Outputs that are 0 or do not vary."""

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
        "a learning rate that was too high at this step and killed the units in or before <layer>",
        "weight decay that is too strong",
        "inputs that became 0",
    ),
    remedy=(
        "Dead units do not recover: resume from a checkpoint before step <step> with a lower "
        "rate or a longer warm-up. Add normalisation."
    ),
    code=f"{CLIP}\n{LOWER_RATE}",
    check=(
        "Look at what goes into <layer> at step <step>. If it jumps, the cause is the rate; if it "
        "is also 0, look at what is before it, up to the model's input."
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
