"""What a run's information says of its model: changes, order, modes, inputs, set-up, silence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from torch import nn

from tb_activation_hist.capture.attachment import Attachment
from tb_activation_hist.capture.followed_layers import Changes
from tb_activation_hist.capture.mode_use import works_alike_in_eval
from tb_activation_hist.capture.parameter_refs import ParameterRef
from tb_activation_hist.capture.read_weight_marks import read_weight_marks
from tb_activation_hist.capture.select import Layer, unwrap
from tb_activation_hist.capture.setup_watch import SetupWatch
from tb_activation_hist.capture.silence import LAST_SILENT, explain_silence
from tb_activation_hist.capture.state import CaptureState
from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.input_facts import INPUTS_FIELD, facts_to_text
from tb_activation_hist.core.setup_facts import SETUP_FIELD
from tb_activation_hist.core.weight_marks import (
    OTHER_WEIGHTS_FIELD,
    WEIGHTS_FIELD,
    WeightMark,
    are_other_weights,
    describe_other_weights,
    marks_to_texts,
)

WEIGHT_TRIES: Final = 8
"""Forward passes before which weights are looked for, at most: lazy layers have none at first, and
some networks have no matrix that tells."""

NOTED_CHANGES: Final = 100
"""Changes of the model that the run's information keeps, the latest."""


class ModelNotes:
    """Notes about one model in the run's information; nothing is noted while `tell` is None.

    tell: takes fields of the run's information. Warnings are given all the same. earlier: weights
    of the training in this run that this one follows.
    """

    def __init__(self, model: nn.Module, state: CaptureState, attachment: Attachment) -> None:
        self.tell: Callable[..., None] | None = None
        self._model = model
        self._state = state
        self._attachment = attachment
        self._silent: list[str] | None = None
        self._explained = False
        self._resting: list[str] = []
        self._changes: list[str] = []
        self.earlier: Sequence[WeightMark] = ()
        self._first_weights: dict[str, FloatArray] = {}
        self._tries = WEIGHT_TRIES

    def begin_weights(self, parameters: Iterable[ParameterRef]) -> None:
        """Before the first forward pass: compare with what an earlier training in the run left."""
        if self._first_weights or self.tell is None or not self._tries:
            return
        self._tries -= 1
        self._first_weights = read_weight_marks(parameters)
        if are_other_weights(self.earlier, self._first_weights):
            self._note(**{OTHER_WEIGHTS_FIELD: self._state.step})
            if self._state.first_rank:
                self._state.warn_once(describe_other_weights(self._state.step))

    def note_weights(self, parameters: Iterable[ParameterRef]) -> None:
        """What a later training in the run is to compare its weights with."""
        last = read_weight_marks(parameters) if self._first_weights else {}
        marks = [
            WeightMark(name, first, last[name])
            for name, first in self._first_weights.items()
            if len(last.get(name, ())) == len(first)
        ]
        if marks:
            self._note(**{WEIGHTS_FIELD: marks_to_texts(marks)})

    def note_changes(self, changes: Changes) -> None:
        """The modules of the model changed in the current step."""
        step = self._state.step
        self._changes = [*self._changes, f"step {step}: {changes}"][-NOTED_CHANGES:]
        self._note(changes=self._changes)
        if self._state.first_rank and changes.modules:
            self._state.warn_once(
                f"The model's layers changed before the end of step {step}: {changes}. The "
                "model's current modules are recorded under their names; later changes are only "
                "noted in the run.",
                "changes",
            )

    def note_order(self) -> None:
        """In which order layers ran, where there are new ones."""
        order = self._state.call_order.take()
        if order is not None:
            self._note(**order.to_info())

    def note_trainable(self, parameters: Iterable[ParameterRef]) -> None:
        """Which parameters are trained, for the findings."""
        names: dict[bool, list[str]] = {True: [], False: []}
        for ref in parameters:
            if ref.parameter is not None:
                names[ref.parameter.requires_grad].append(ref.name)
        self._note(trainable_parameters=names[True], frozen_parameters=names[False])

    def note_inputs(self) -> None:
        """What is known of the model's inputs."""
        facts = [each for hook in self._attachment.model_hooks.values() for each in hook.facts]
        if facts:
            self._note(**{INPUTS_FIELD: [facts_to_text(each) for each in facts]})

    def note_setup(self, setup: SetupWatch | None, *, last: bool = False) -> None:
        """What is new about how the training is set up."""
        if setup is not None and self.tell is not None:
            texts = setup.take_news(last=last)
            if texts is not None:
                self._note(**{SETUP_FIELD: texts})

    def note_modes(self, layers: Iterable[Layer]) -> None:
        """Which layers are in eval mode, where that has changed."""
        resting = [layer.name for layer in layers if not layer.module.training]
        if resting != self._resting:
            alike = bool(resting) and works_alike_in_eval(unwrap(self._model))
            self._note(eval_layers=resting, same_in_eval=alike)
        self._resting = resting

    def note_silent(self, silent: list[str], layers: Sequence[Layer], records: int) -> None:
        """Which layers gave no output; warns once it is known that they should have.

        records: how many there are so far.
        """
        if silent != self._silent:
            self._note(silent=silent)
            self._silent = silent
        if silent and not self._explained and records <= LAST_SILENT:
            self._explain(silent, layers, records)

    def _explain(self, silent: list[str], layers: Sequence[Layer], records: int) -> None:
        text = explain_silence(
            self._model,
            layers,
            silent,
            self._attachment.hidden(),
            phases=self._state.phases,
            called=self._state.called,
            records=records,
        )
        self._explained = bool(text)
        if text and self._state.first_rank:
            self._state.warn_once(text)

    def _note(self, **fields: object) -> None:
        if self.tell is not None:
            self.tell(**fields)
