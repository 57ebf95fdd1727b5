"""What the rules of inputs look at: each model's own input, with its exact facts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.input_facts import InputFacts
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.findings.known_values import known_mean
from tb_activation_hist.findings.run_signals import RunSignals, module_name
from tb_activation_hist.findings.signals import Signals

INPUT_KINDS: Final = ("input_change", "constant_input", "unshuffled_input", "unscaled_inputs")
"""Kinds that look at what goes into a model: trouble there comes before all that follows."""


SIZED_DTYPES: Final = ("float16", "bfloat16", "float32", "float64")
"""Dtypes of inputs that layers multiply as they are; whole numbers are ids, or are scaled first."""

TARGETS: Final = frozenset({"label", "labels", "target", "targets"})
MASKS: Final = frozenset({"mask", "masks"})
"""Words of arguments' names by which a tensor is no part of what a model is to learn from."""


@dataclass(frozen=True, eq=False)
class ModelInput:
    """All that goes into one model in training.

    series: its tensors; those that are compared from record to record have facts, in their order.
    beside: labels and masks that go in with them, by the names of the arguments, with their facts.
    """

    series: tuple[Signals, ...]
    facts: tuple[InputFacts, ...]
    beside: tuple[tuple[Signals, InputFacts], ...] = ()

    @property
    def main(self) -> Signals:
        """The tensor with the most values."""
        return max(self.series, key=lambda signals: float(np.median(signals.series.n)))

    def records_since(self, step: int) -> int:
        """Records from this step on, by their usual distance: of a long run few are kept."""
        return max(_records_since(facts, step) for facts in self.facts)


def _records_since(facts: InputFacts, step: int) -> int:
    steps = max(facts.last - facts.first, 1)
    return 1 + round(facts.compared * (facts.last - step) / steps)


def model_inputs(layers: RunSignals) -> Iterator[ModelInput]:
    """One for each model of the run whose input was recorded and compared."""
    facts = {each.tag: each for each in layers.facts.inputs}
    found: dict[str, list[Signals]] = {}
    for signals in layers:
        if signals.info.tag in facts:
            found.setdefault(module_name(signals.info), []).append(signals)
    for own in found.values():
        content = [signals for signals in own if not words_of(signals) & (TARGETS | MASKS)] or own
        beside = ((each, facts[each.info.tag]) for each in own if each not in content)
        known = tuple(facts[signals.info.tag] for signals in content)
        yield ModelInput(tuple(content), known, tuple(beside))


def words_of(signals: Signals) -> frozenset[str]:
    """Words of the argument's name: that of ``"Bert/attention_mask"`` has attention and mask."""
    return frozenset(signals.info.layer.rpartition("/")[2].lower().split("_"))


def train_inputs(layers: RunSignals) -> list[Signals]:
    """Series of what goes into the first model of a run in training, compared or not."""
    return [s for s in layers if is_model_input(s.info)]


def is_model_input(info: LayerInfo) -> bool:
    """Whether this is the input, in training, of a run's first model as a whole.

    Later models get what the first one outputs. Of recordings with the kind `inputs` of all layers
    those of the layers come later: a model is at place 0 of the order, or 1 where it has a name.
    """
    return info.kind == "inputs" and info.phase == "train" and info.order <= 1


def sized_inputs(layers: RunSignals) -> list[Signals]:
    """Of the inputs with whole batches of numbers that are sizes, the one with the most values."""
    known = [s for s in train_inputs(layers) if s.whole.any() and s.info.dtype in SIZED_DTYPES]
    return sorted(known, key=lambda s: -float(np.median(s.series.n)))[:1]


def column_scales(signals: Signals) -> FloatArray | None:
    """(K,) root mean square of each column of a table over the first records; None without any."""
    slices = signals.series.slices
    if slices is None or slices.slices < 2 or not len(slices):
        return None
    early = slices.rms[: min(len(slices), 20)]
    finite = np.where(np.isfinite(early), early, np.nan)
    return np.array([math.sqrt(known_mean(column**2)) for column in finite.T])
