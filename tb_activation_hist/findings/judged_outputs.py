"""Models' outputs whose gradients were looked at often enough to tell of the loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from tb_activation_hist.core.setup_facts import LossGradients
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import UNIT_RECORDS, Thresholds, threshold

GRADIENTS: Final = "the outputs and the gradients that the loss gives them"
"""What the rules of losses look at."""


@dataclass(frozen=True, kw_only=True)
class JudgedOutputsThresholds(Thresholds):
    loss_looks: int = threshold(
        4,
        UNIT_RECORDS,
        "Records, at least, in which the gradients of a model's output show a loss that does not "
        "fit it.",
        GRADIENTS,
    )


class Judged(NamedTuple):
    """An output that was looked at often enough.

    last: the last layer of its model. prefix: of the names of the model's layers.
    """

    fact: LossGradients
    last: Signals
    prefix: str


def judged_outputs(layers: RunSignals, options: JudgedOutputsThresholds) -> Iterator[Judged]:
    outputs = [s for s in layers.outputs if s.whole.any()]
    facts = layers.facts.of(LossGradients)
    models = {fact.output.partition("/")[0] for fact in facts}
    for fact in facts:
        # A single model's layers have names without its own.
        prefix = f"{fact.output.partition('/')[0]}."
        own = [s for s in outputs if s.info.layer.startswith(prefix)]
        if not own and len(models) == 1:
            own, prefix = outputs, ""
        if own and fact.looks >= options.loss_looks:
            yield Judged(fact, _last_of(own, fact), prefix)


def _last_of(outputs: Sequence[Signals], fact: LossGradients) -> Signals:
    """The last layer; where that has not the outputs of the model, the last one that has.

    A Dropout that was made after the head may well run before it.
    """
    wide = [s for s in outputs if s.info.shape[-1:] == (fact.classes,)]
    return wide[-1] if wide else outputs[-1]


def is_form(fact: LossGradients, options: JudgedOutputsThresholds) -> bool:
    return fact.formed >= max(options.loss_looks, fact.looks / 2)
