"""A Wasserstein critic without clipped weights, gradient penalty or spectral norm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tb_activation_hist.core.setup_facts import KeptGradients, RestoredWeights
from tb_activation_hist.findings.hits import hit_from_step
from tb_activation_hist.findings.judged_outputs import JudgedOutputsThresholds, judged_outputs
from tb_activation_hist.findings.number_format import format_factor
from tb_activation_hist.findings.rule import Observation
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.thresholds import UNIT_FACTOR, threshold

OWN_NORM: Final = ("parametrizations", "_orig", "_bar")
"""Parts of the names of parameters that a spectral norm bounds."""

MOST_LOOKS: Final = 0.9
"""Share of the looks whose gradients must show such a loss."""

END_RECORDS: Final = 8
"""Records at the end of a run whose median is the size there."""


@dataclass(frozen=True, kw_only=True)
class UnboundedCriticThresholds(JudgedOutputsThresholds):
    critic_growth: float = threshold(
        10.0,
        UNIT_FACTOR,
        "Growth of a critic's outputs whose loss is linear in them and which nothing bounds.",
        "Arjovsky, Chintala and Bottou 2017: a Wasserstein critic must be Lipschitz",
    )


def find_unbounded_critic(
    layers: RunSignals, options: UnboundedCriticThresholds
) -> Iterator[Observation]:
    """A Wasserstein critic without clipped weights, gradient penalty or spectral norm."""
    for fact, last, prefix in judged_outputs(layers, options):
        linear = fact.linear >= max(options.loss_looks, MOST_LOOKS * fact.looks)
        if not linear or fact.penalised or _may_be_bounded(prefix, layers):
            continue
        sizes = last.rms[last.whole]
        growth = float(sizes[-END_RECORDS:].max()) / max(last.early_rms, 1e-30)
        if growth >= options.critic_growth:
            yield Observation(
                hits=[hit_from_step(last, fact.first)],
                title=f"{last.info.label}: a critic whose loss is linear in its outputs and that "
                f"nothing bounds; they grew {format_factor(growth)} times",
                threshold={"critic_growth": options.critic_growth},
                figures={"growth": growth},
            )


def _may_be_bounded(prefix: str, layers: RunSignals) -> bool:
    """Whether something other than an optimizer changes its weights, or a norm bounds them.

    So it may where no weight of the model was followed step by step.
    """
    written = [own.parameter for own in layers.facts.of(RestoredWeights)]
    followed = [*written, *(own.parameter for own in layers.facts.of(KeptGradients))]
    names = [name for name in layers.facts.trainable if name.startswith(prefix)]
    bounded = any(part in name for name in names for part in OWN_NORM)
    known = any(name.startswith(prefix) for name in followed)
    return bounded or not known or any(name.startswith(prefix) for name in written)
