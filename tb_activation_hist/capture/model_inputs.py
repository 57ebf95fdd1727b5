"""What goes into the model itself: counted as the kind `inputs`, and compared with before."""

from __future__ import annotations

from typing import Final

from torch import Tensor, nn

from tb_activation_hist.capture.count import is_captured
from tb_activation_hist.capture.hooks import InputHook
from tb_activation_hist.capture.input_memory import InputMemory
from tb_activation_hist.capture.select import Layer
from tb_activation_hist.capture.state import CaptureState
from tb_activation_hist.core.input_facts import InputFacts
from tb_activation_hist.core.names import LayerInfo

MOST_COLUMNS: Final = 64
"""Columns of a table that are also recorded each by itself."""


class ModelInputHook(InputHook):
    """Counts the arguments of the model's forward pass, whole numbers too.

    The columns of a table, a tensor of samples by at most `MOST_COLUMNS` floats, are split.
    """

    whole = True
    only_counts = False

    def __init__(self, layer: Layer, state: CaptureState) -> None:
        super().__init__(layer, state)
        self.ordered = False
        self._memories: dict[str, InputMemory] = {}

    def add(self, name: str, module: nn.Module, values: Tensor, tensor: Tensor) -> None:
        """Count one tensor of a call, and keep what shows whether it is the same as before."""
        super().add(name, module, values, tensor)
        if not (module.training and self.state.first_rank) or is_captured(values):
            return
        memory = self._memories.get(name)
        if memory is None:
            tag = self.row(self.kind, name, module, values).info.tag
            memory = self._memories[name] = InputMemory(tag)
        memory.note(values)

    def find_split(self, info: LayerInfo, values: Tensor) -> int | None:
        """As the option asks, else the columns of a table."""
        asked = super().find_split(info, values)
        if asked is not None or values.dim() != 2 or not values.is_floating_point():
            return asked
        return 1 if 2 <= values.shape[1] <= MOST_COLUMNS else None

    def end_record(self, step: int) -> bool:
        """Make one record of the calls since the last one.

        Returns whether there is something to report at once.
        """
        for memory in self._memories.values():
            memory.end_record(step)
        return any(memory.has_news for memory in self._memories.values())

    @property
    def facts(self) -> list[InputFacts]:
        """What is known of each input so far."""
        found = [memory.facts for memory in self._memories.values()]
        return [facts for facts in found if facts is not None]
