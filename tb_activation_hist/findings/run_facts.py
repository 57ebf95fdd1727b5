"""What is known of a run beside its histograms, as far as findings use it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from tb_activation_hist.core.input_facts import INPUTS_FIELD, InputFacts, texts_to_facts
from tb_activation_hist.core.loss_history import LOSSES_FIELD, LossHistory, texts_to_losses
from tb_activation_hist.core.setup_facts import (
    SETUP_FIELD,
    DroppedGradients,
    SetupFact,
    texts_to_setup,
)
from tb_activation_hist.core.weight_marks import OTHER_WEIGHTS_FIELD

FactT = TypeVar("FactT")


@dataclass(frozen=True)
class RunFacts:
    """Facts of one run; empty if nothing is known, as for files of older versions.

    silent: layers that were selected and never ran while they were recorded.
    eval_layers: layers that were in eval mode at the last look.
    same_in_eval: whether no module of the model works otherwise in eval mode.
    frozen, trainable: names of parameters by their `requires_grad` at the last look, as in
    ``weights/<name>``.
    inputs: what is known of each input of the model.
    setup: settings of optimizers and modules, and what befell single weights.
    losses: how the losses that the user logs developed.
    last_step: of the newest record, also where no layer ran in it; 0 where it is not known.
    begins_at: first step of the run's last training, where it began with other weights than those
    that the one before ended with; 0 where all steps belong together.
    """

    silent: tuple[str, ...] = ()
    eval_layers: tuple[str, ...] = ()
    same_in_eval: bool = False
    frozen: frozenset[str] = frozenset()
    trainable: frozenset[str] = frozenset()
    inputs: tuple[InputFacts, ...] = ()
    setup: tuple[SetupFact, ...] = ()
    losses: tuple[LossHistory, ...] = ()
    last_step: int = 0
    begins_at: int = 0

    def of(self, kind: type[FactT]) -> list[FactT]:
        """The facts of one class in `setup`."""
        return [fact for fact in self.setup if isinstance(fact, kind)]

    @property
    def dropped_gradients(self) -> int:
        """How often each gradient that was followed was cleared before any step had used it."""
        return min((fact.times for fact in self.of(DroppedGradients)), default=0)

    @property
    def loss_begins_at_zero(self) -> bool:
        """Whether the first of each logged loss is 0, as far as any is known."""
        return not any(mean for loss in self.losses for mean in loss.means[:1])


NO_FACTS: Final = RunFacts()


def info_to_run_facts(info: Mapping[str, Any]) -> RunFacts:
    """The facts in what the logger noted about its run; fields of a wrong type count as absent."""
    return RunFacts(
        silent=tuple(_texts(info.get("silent"))),
        eval_layers=tuple(_texts(info.get("eval_layers"))),
        same_in_eval=info.get("same_in_eval") is True,
        frozen=frozenset(_texts(info.get("frozen_parameters"))),
        trainable=frozenset(_texts(info.get("trainable_parameters"))),
        inputs=texts_to_facts(_texts(info.get(INPUTS_FIELD))),
        setup=texts_to_setup(_texts(info.get(SETUP_FIELD))),
        losses=texts_to_losses(_texts(info.get(LOSSES_FIELD))),
        begins_at=info.get(OTHER_WEIGHTS_FIELD) or 0,
    )


def _texts(value: object) -> Iterable[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
