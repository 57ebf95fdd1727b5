"""All series of a run, as the rules look at them, with the facts of the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, overload

import numpy as np

from tb_activation_hist.core.parameter_sizes import NO_SIZES, UNKNOWN, ParameterSizes
from tb_activation_hist.findings.drift import Drift
from tb_activation_hist.findings.layer_types import GATING, has_few_values, has_weights
from tb_activation_hist.findings.parameter_signals import (
    ParameterSignals,
    series_to_parameters,
    sizes_to_signals,
)
from tb_activation_hist.findings.run_facts import NO_FACTS, RunFacts
from tb_activation_hist.findings.signals import Signals, is_train_activation

if TYPE_CHECKING:
    from tb_activation_hist.core.names import LayerInfo

DRIFT_WINDOWS: Final = 16
"""Windows of a run in which rules look at how a layer moves and how it varies with the batch."""


TO_GATE: Final = 2
"""Layers up to a gate: the one with weights that widens again, and the gate."""


@dataclass(frozen=True, eq=False)
class RunSignals(Sequence[Signals]):
    """The series of a run in model order; what several rules ask for is computed once."""

    layers: Sequence[Signals]
    facts: RunFacts = field(default=NO_FACTS)
    sizes: ParameterSizes = field(default_factory=ParameterSizes)

    @overload
    def __getitem__(self, index: int) -> Signals: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Signals]: ...
    def __getitem__(self, index: int | slice) -> Signals | Sequence[Signals]:
        return self.layers[index]

    def __len__(self) -> int:
        return len(self.layers)

    @cached_property
    def outputs(self) -> list[Signals]:
        """The layers' outputs in training."""
        return [signals for signals in self.layers if is_train_activation(signals.info)]

    @cached_property
    def last_step(self) -> int:
        """Step of the newest record, also where no layer ran in it, as far as it is known."""
        ends = [int(s.series.steps[-1]) for s in self.layers]
        ends += [int(own.facts.steps[-1]) for own in self.sizes.values() if len(own.facts.steps)]
        return max(ends, default=0) if not self.facts.last_step else self.facts.last_step

    @cached_property
    def parameters(self) -> list[ParameterSignals]:
        """What is known of the parameters: of kinds without histograms their measured sizes."""
        return series_to_parameters([*self.layers, *sizes_to_signals(self.sizes, self.layers)])

    @cached_property
    def optimizer_steps(self) -> int:
        """Number of records in which an optimizer was seen to step, of this model or of another."""
        found = {int(step) for p in self.parameters if p.updates for step in p.updates.steps}
        for history in self.sizes.values():
            found.update(history.facts.steps[history.facts.optimized != UNKNOWN].tolist())
        return len(found)

    @cached_property
    def is_optimized(self) -> bool:
        """Whether an optimizer was seen to have a parameter of the model."""
        stepped = any(p.updates for p in self.parameters)
        return stepped or any(own.optimized for own in self.sizes.values())

    @cached_property
    def rate_rises(self) -> bool:
        """Whether the learning rate of some parameter is still above all of its earlier ones."""
        rates = [own.facts.rates[np.isfinite(own.facts.rates)] for own in self.sizes.values()]
        return any(len(own) > 1 and bool(own[-1] > own[:-1].max()) for own in rates)

    @cached_property
    def has_gradients(self) -> bool:
        """Whether a gradient was seen to arrive anywhere, be it NaN or infinite."""
        own = any(p.gradients and p.gradients.arrive.any() for p in self.parameters)
        return own or any(s.early_rms > 0 for s in self.output_gradients.values())

    @cached_property
    def breaks_gradients(self) -> bool:
        """Whether each record of the parameters' gradients has NaN or infinity in one of them."""
        known = [p.gradients for p in self.parameters if p.gradients]
        steps = {int(step) for own in known for step in own.steps}
        broken = {int(s) for own in known for s in own.steps[own.signals.non_finite > 0]}
        return bool(steps) and steps == broken

    @cached_property
    def learners(self) -> list[Signals]:
        """The outputs, in training, of layers that multiply their inputs with weights.

        Each has a record of a whole batch.
        """
        return [s for s in self.outputs if s.whole.any() and self.is_learner(s.info)]

    @cached_property
    def owners_of_weights(self) -> list[Signals]:
        """`learners` with recorded parameters."""
        return [s for s in self.learners if self.parameters_of(s.info)]

    @cached_property
    def main_outputs(self) -> list[Signals]:
        """`outputs` without those that follow a ReLU of few units up to a gate, nor that ReLU.

        Squeeze and excitation has them. Where all of such units are still the gate scales by a
        constant, and the network learns on.
        """
        return [s for at, s in enumerate(self.outputs) if not self._feeds_gate(at)]

    def _feeds_gate(self, at: int) -> bool:
        """Whether a gate follows on a ReLU of few values, and is not the model's own output."""
        following = self.outputs[at + 1 : at + 1 + TO_GATE]
        gates = [s for s in following if s.info.type in GATING and s is not self.outputs[-1]]
        few = any(has_few_values(s.info) for s in self.outputs[max(at - 1, 0) : at + 1])
        return bool(gates) and few

    def batch_norm_follows(self, signals: Signals) -> bool:
        """Whether a norm over the batch comes right after a layer, and takes its scale away.

        Norms over a sample keep what all samples have in common, such as a mean far from 0.
        """
        following = self.outputs[self.outputs.index(signals) + 1 :]
        return bool(following) and "BatchNorm" in following[0].info.type

    @cached_property
    def output_gradients(self) -> dict[str, Signals]:
        """The gradients of the layers' outputs in training, by layer; empty if not recorded."""
        return {
            s.info.layer: s
            for s in self.layers
            if s.info.kind == "gradients" and s.info.phase == "train"
        }

    def has_run(self, parameter: str) -> bool:
        """Whether a layer that holds a parameter has had any output in training."""
        return not self._modules_that_ran.isdisjoint(_modules_of(parameter))

    @cached_property
    def _modules_that_ran(self) -> frozenset[str]:
        return frozenset(module_name(s.info) for s in self.outputs if s.whole.any())

    @cached_property
    def drifts(self) -> list[Drift]:
        """How the outputs of `learners` move over the run."""
        return [Drift(signals, DRIFT_WINDOWS) for signals in self.learners]

    def is_learner(self, info: LayerInfo) -> bool:
        """Whether a layer has weights: of its own where parameters are known, else by its type."""
        if not has_weights(info):
            return False
        return not self._known_names or module_name(info) in self._known_names

    def parameters_of(self, info: LayerInfo) -> list[ParameterSignals]:
        """The recorded parameters of a layer, those of modules inside it included."""
        return self._parameters_by_module.get(module_name(info), [])

    def is_frozen(self, info: LayerInfo) -> bool:
        """Whether all parameters of a layer are known to need no gradient."""
        name = module_name(info)
        return name in self._frozen_modules and name not in self._trainable_modules

    def is_trainable(self, module: str) -> bool:
        """Whether a module is known to have parameters that need a gradient."""
        return module in self._trainable_modules

    def is_within_frozen(self, info: LayerInfo) -> bool:
        """Whether a layer, or a module that it is inside of, is frozen as a whole."""
        return any(
            module in self._frozen_modules and module not in self._trainable_modules
            for module in _modules_of(module_name(info))
        )

    @cached_property
    def _parameters_by_module(self) -> dict[str, list[ParameterSignals]]:
        found: dict[str, list[ParameterSignals]] = {}
        for parameter in self.parameters:
            for module in _modules_of(parameter.name):
                found.setdefault(module, []).append(parameter)
        return found

    @cached_property
    def _frozen_modules(self) -> frozenset[str]:
        return frozenset(module for name in self.facts.frozen for module in _modules_of(name))

    @cached_property
    def _trainable_modules(self) -> frozenset[str]:
        return frozenset(module for name in self.facts.trainable for module in _modules_of(name))

    @cached_property
    def _known_names(self) -> frozenset[str]:
        """Modules that are known to have parameters; empty if nothing is known of any."""
        recorded = frozenset(self._parameters_by_module)
        return recorded | self._frozen_modules | self._trainable_modules


def to_run_signals(
    layers: Sequence[Signals], facts: RunFacts = NO_FACTS, sizes: ParameterSizes = NO_SIZES
) -> RunSignals:
    """The series of a run in model order."""
    ordered = sorted(layers, key=lambda s: (s.info.order, s.info.layer))
    return RunSignals(ordered, facts, sizes)


def module_name(info: LayerInfo) -> str:
    """The module whose output it is, without the number of the output or of the call."""
    return info.layer.partition("/")[0].partition(":")[0]


def _modules_of(parameter: str) -> Iterator[str]:
    """The parameter itself and all modules that hold it: "a.b.weight", "a.b", "a"."""
    name = parameter.partition("/")[0]
    while name:
        yield name
        name = name.rpartition(".")[0]
