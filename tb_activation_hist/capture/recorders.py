"""The recorders of one logger on the modules of a model, and outside of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from torch import nn

from tb_activation_hist.capture.record import RECORDERS, TensorHook, TensorRecorder
from tb_activation_hist.capture.select import Layer, Layers, runs_as_one
from tb_activation_hist.capture.state import CaptureState
from tb_activation_hist.capture.tensor_names import tensor_patterns


class Recorders:
    """Marks each module with what records its tensors.

    layers: the logger's option. With None all tensors are recorded; otherwise those of the selected
    modules, and those whose full name one of the patterns matches.
    """

    def __init__(self, state: CaptureState, layers: Layers) -> None:
        self._state = state
        self._patterns = tensor_patterns(layers)
        self._every = layers is None
        self._recorders: dict[nn.Module, TensorRecorder] = {}
        self._outside = OutsideRecorder(Layer("", 0, nn.Identity()), state)
        self._models: list[nn.Module] = []

    def attach(
        self, known: Sequence[Layer], selected: Iterable[Layer], models: Sequence[nn.Module]
    ) -> None:
        """Mark the modules that the model has now.

        known: all of them. selected: those that are recorded. models: whose forward passes the
        training calls.
        """
        self._models = list(models)
        self._outside.order = len(known)
        whole = {layer.module for layer in selected}
        before, self._recorders = self._recorders, {}
        for layer in known:
            if runs_as_one(layer.module):
                continue
            recorder = before.pop(layer.module, None)
            if recorder is None or recorder.layer != layer.name:
                _unmark(layer.module, recorder)
                recorder = TensorRecorder(layer, self._state)
                vars(layer.module)[RECORDERS] = (*_marks(layer.module), recorder)
            recorder.select(None if self._every or layer.module in whole else self._patterns)
            self._recorders[layer.module] = recorder
        for module, recorder in before.items():
            _unmark(module, recorder)

    def detach(self) -> None:
        """Take the marks off; calling it again does nothing."""
        for module, recorder in self._recorders.items():
            _unmark(module, recorder)
        self._recorders.clear()
        self._models.clear()

    def record(self, name: str, tensor: Any) -> None:
        """Count a tensor that belongs to no module, in the phase in which the models are."""
        if not self._models:
            return
        model = next((each for each in self._models if each.training), self._models[0])
        self._outside(model, (), {name: tensor})


class OutsideRecorder(TensorRecorder):
    """Records tensors outside of modules, each under a name of its own."""

    source = "logger.record"

    def make_hook(self, path: str) -> tuple[str, TensorHook]:
        """The path is the layer's name."""
        return "", OutsideHook(Layer(path, self.order, self.place.module), self.state)


class OutsideHook(TensorHook):
    """Counts one tensor outside of modules."""

    source = "logger.record"


def _marks(module: nn.Module) -> tuple[Any, ...]:
    return tuple(vars(module).get(RECORDERS, ()))


def _unmark(module: nn.Module, recorder: TensorRecorder | None) -> None:
    rest = tuple(each for each in _marks(module) if each is not recorder)
    if rest:
        vars(module)[RECORDERS] = rest
    else:
        vars(module).pop(RECORDERS, None)
