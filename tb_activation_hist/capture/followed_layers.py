"""The selected layers of a model, brought up to date when the model changes."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from tb_activation_hist.capture.outline import Outline
from tb_activation_hist.capture.select import (
    Layer,
    Layers,
    modules_to_names,
    select_again,
    select_layers,
)


@dataclass(frozen=True)
class Changes:
    """Names of the layers that changed between two looks at a model."""

    replaced: list[str]
    added: list[str]
    removed: list[str]

    def __bool__(self) -> bool:
        return bool(self.replaced or self.added or self.removed)

    def __str__(self) -> str:
        parts = (
            ("replaced", self.replaced),
            ("added", self.added),
            ("removed", self.removed),
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
        self._outline = Outline([model])

    def update(self) -> Changes | None:
        """Look at the model anew: None when nothing changed, else the layers that did."""
        if not self._outline.changed():
            return None
        before = self.layers
        self.layers = select_again(self._model, self._selection, [each.name for each in before])
        self._outline = Outline([self._model])
        return _compare(before, self.layers)


def _compare(before: list[Layer], after: list[Layer]) -> Changes:
    old = {layer.name: layer.module for layer in before}
    new = {layer.name: layer.module for layer in after}
    return Changes(
        replaced=[name for name in new if name in old and old[name] is not new[name]],
        added=[name for name in new if name not in old],
        removed=[name for name in old if name not in new],
    )
