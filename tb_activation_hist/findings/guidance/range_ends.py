"""Outputs at the ends of their range."""

from __future__ import annotations

from typing import Final

from tb_activation_hist.findings.guidance.guidance import (
    Case,
    Guidance,
    Pattern,
    always,
    exceeds,
    from_start,
)
from tb_activation_hist.findings.guidance.snippets import PRINT_BIASES, PRINT_INPUTS

SATURATED_BY_INPUTS: Final = Guidance(
    causes=(
        "inputs that are not normalised",
        "weights that start too large",
        "a learning rate that is too high",
    ),
    remedy=(
        "At the ends of its range, a tanh or sigmoid passes hardly any gradient. Normalise the "
        "inputs to mean 0 and standard deviation 1, and reduce the initialisation."
    ),
    code=PRINT_INPUTS,
    check=(
        "Print the mean, standard deviation and largest size of a batch; about 0, 1 and 5 are "
        "usual."
    ),
)

SATURATED_LATER: Final = Guidance(
    causes=(
        "weights that grew too large",
        "a learning rate that is too high",
        "no normalisation before the nonlinearity",
    ),
    remedy=(
        "At the ends of its range, a tanh or sigmoid passes hardly any gradient. Normalise "
        "before it, lower the rate, add weight decay, or use an unbounded nonlinearity."
    ),
    code="# before <layer>\nlayer = torch.nn.Sequential(layer, torch.nn.LayerNorm(width))",
    check="Look at the layer before <layer>: outputs with a scale far above 1 saturate it.",
)

SOFTMAX_CHOOSES: Final = Guidance(
    causes=(
        "scores that are not divided by the square root of the heads' width",
        "query and key weights that start too large",
        "a temperature that is too low",
    ),
    remedy=(
        "If one value has all the weight, a softmax passes hardly any gradient. Scale the "
        "scores "
        "by 1 / sqrt(d), or normalise queries and keys."
    ),
    code="scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5",
    check=(
        "Record the scores before the softmax. A score that is 10 above the others has nearly "
        "all the weight."
    ),
)

ONE_END: Final = 0.99
"""Share of the values at the ends of a range that are at one of them."""

AT_ONE_END: Final = Guidance(
    causes=(
        "biases far from zero in the layer before, as of a gate that begins shut or open",
        "inputs that are not centred",
        "weights that start with a mean far from 0",
    ),
    remedy="At the ends of its range, a tanh or sigmoid passes hardly any gradient, so that a gate "
    "stays as it is. Begin with biases between -3 and 3.",
    code=PRINT_BIASES,
    check="The code prints the range of all biases: those of the layer before <layer> push all its "
    "values to one end.",
)


def _is_at_one_end(case: Case) -> bool:
    return case.from_start and case.finding.figures.get("one_end", 0.0) >= ONE_END


SATURATED: Final[tuple[Pattern, ...]] = (
    (exceeds("saturated_softmax"), SOFTMAX_CHOOSES),
    (exceeds("saturated_scores"), SOFTMAX_CHOOSES),
    (_is_at_one_end, AT_ONE_END),
    (from_start, SATURATED_BY_INPUTS),
    (always, SATURATED_LATER),
)
