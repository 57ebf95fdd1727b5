"""The selected layers of a model, brought up to date when the model changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from torch import nn

from tb_activation_hist.capture.outline import Outline, merged_adapters
from tb_activation_hist.capture.parameter_refs import parameter_names
from tb_activation_hist.capture.select import (
    Layer,
    Layers,
    modules_to_names,
    named_layers,
    select_again,
    select_layers,
)


@dataclass(frozen=True)
class Changes:
    """Names of the layers that changed between two looks at a model.

    parameters: layers that are the same module, whose parameters came or went (pruning, weight
    normalisation). merged, unmerged: layers whose adapters (PEFT) were added to their weights, or
    taken out.
    """

    replaced: Sequence[str] = ()
    added: Sequence[str] = ()
    removed: Sequence[str] = ()
    parameters: Sequence[str] = ()
    merged: Sequence[str] = ()
    unmerged: Sequence[str] = ()

    def __bool__(self) -> bool:
        return any(getattr(self, each.name) for each in fields(self))

    @property
    def modules(self) -> bool:
        """Whether other modules are recorded than before."""
        return bool(self.replaced or self.added or self.removed)

    def __str__(self) -> str:
        parts = (
            ("replaced", self.replaced),
            ("added", self.added),
            ("removed", self.removed),
            ("changed parameters of", self.parameters),
            ("merged adapters of", self.merged),
            ("unmerged adapters of", self.unmerged),
        )
        return "; ".join(f"{word} {', '.join(names)}" for word, names in parts if names)


class FollowedLayers:
    """The layers that a selection names, now and after changes of the model.

    A module object in the selection stands for the name that it had at the beginning.
    """

    def __init__(self, model: nn.Module, layers: Layers) -> None:
        self._model = model
        self.layers = select_layers(model, layers)
        self._selection = modules_to_names(layers, self.layers)
        self._remember()

    def _remember(self) -> None:
        self._outline = Outline([self._model])
        self._facts = [LayerFacts(layer, parameter_names(layer)) for layer in self.layers]
        self._merged = find_merged(self._model)

    def update(self) -> Changes | None:
        """Look at the model anew: None when nothing changed, else the layers that did."""
        if not self._outline.changed():
            return None
        before, merged = self._facts, self._merged
        self.layers = select_again(
            self._model, self._selection, [each.layer.name for each in before]
        )
        self._remember()
        now = self._merged
        return replace(
            _compare(before, self._facts),
            merged=[name for name, count in now.items() if count > merged.get(name, 0)],
            unmerged=[name for name, count in now.items() if count < merged.get(name, 0)],
        )


@dataclass(frozen=True)
class LayerFacts:
    """A layer and the names of its parameters, as they were."""

    layer: Layer
    parameters: frozenset[str]


def find_merged(model: nn.Module) -> dict[str, int]:
    """Of each layer that has adapters of PEFT, how many of them are added to its weights."""
    return {
        layer.name: len(merged)
        for layer in named_layers(model)
        if (merged := merged_adapters(layer.module)) is not None
    }


def _compare(before: list[LayerFacts], after: list[LayerFacts]) -> Changes:
    old = {each.layer.name: each for each in before}
    new = {each.layer.name: each for each in after}
    both = [(old[name], each) for name, each in new.items() if name in old]
    return Changes(
        replaced=[n.layer.name for o, n in both if o.layer.module is not n.layer.module],
        added=[name for name in new if name not in old],
        removed=[name for name in old if name not in new],
        parameters=[
            n.layer.name
            for o, n in both
            if o.layer.module is n.layer.module and o.parameters != n.parameters
        ],
    )
