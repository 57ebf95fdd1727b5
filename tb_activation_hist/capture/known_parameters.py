"""The parameters that the selected layers have now, by reference and value."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn

from tb_activation_hist.capture.outline import Outline
from tb_activation_hist.capture.parameter_refs import ParameterRef, layers_to_refs
from tb_activation_hist.capture.select import Layer


class KnownParameters:
    """Finds the parameters of layers, again where the modules below them have changed."""

    def __init__(self) -> None:
        self._layers: list[Layer] = []
        self._refs: list[ParameterRef] = []
        self._outline = Outline([])

    def attach(self, layers: Iterable[Layer]) -> None:
        """Take the parameters of these modules and of what is inside them, from now on."""
        self._layers = list(layers)
        self._find_refs()

    def _find_refs(self) -> None:
        self._refs = list(layers_to_refs(self._layers))
        self._outline = Outline([layer.module for layer in self._layers])

    def by_id(self) -> dict[int, tuple[ParameterRef, nn.Parameter]]:
        """Each by its id, in model order; tied ones once, under their first name."""
        if self._outline.changed():
            self._find_refs()
        found: dict[int, tuple[ParameterRef, nn.Parameter]] = {}
        for ref in self._refs:
            parameter = ref.parameter
            if parameter is not None:
                found.setdefault(id(parameter), (ref, parameter))
        return found
