"""A model's hooks: attached, kept up to date with the model, removed, and reported on."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Final

import torch
from torch import Tensor, nn

from tb_activation_hist.capture.attachment import Attachment
from tb_activation_hist.capture.compiled import make_room_for_graphs
from tb_activation_hist.capture.followed_layers import FollowedLayers
from tb_activation_hist.capture.loss_watch import OutputHook
from tb_activation_hist.capture.options import CaptureOptions
from tb_activation_hist.capture.outline import iter_modules
from tb_activation_hist.capture.parameter_kinds import ParameterKinds
from tb_activation_hist.capture.parameter_refs import layers_to_refs
from tb_activation_hist.capture.pending_sizes import PendingSizes
from tb_activation_hist.capture.recorders import Recorders
from tb_activation_hist.capture.schedule import has_doubled
from tb_activation_hist.capture.select import (
    Layer,
    called_models,
    given_models,
    named_layers,
    root_layers,
    unwrap,
)
from tb_activation_hist.capture.silence import (
    NO_LAYERS,
    NO_STEP,
    NO_VALUES,
    explain_missing_kinds,
    explain_unmatched,
)
from tb_activation_hist.capture.split import SplitRules
from tb_activation_hist.capture.state import CaptureState
from tb_activation_hist.capture.tensor_names import tensor_patterns, unmatched_tensors
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.recording.model_notes import ModelNotes

MODES_EVERY: Final = 4
"""Records from one look at the layers' modes to the next."""


class AttachedModel:
    """The hooks of one logger on one model.

    records: how many there are so far. stored: whether any was written. quiet: whether nothing is
    reported at the end. notes: what the run's information says of the model.
    """

    def __init__(self, model: nn.Module, options: CaptureOptions) -> None:
        self._model = model
        self._followed = FollowedLayers(model, options.layers)
        self._selection = options.layers
        self._selects = options.layers is not None
        self.state = CaptureState(options)
        self.state.look = self._look
        self.parameters = ParameterKinds(self.state, options.kinds, options.sizes_every)
        if options.split:
            names = [ref.name for ref in layers_to_refs(self._with_parameters)]
            self.state.split = SplitRules(options.split, self.layers, names)
        self.state.rows.expect(len(self.tags()) // len(self.state.phases))
        self.records = 0
        self.stored = False
        self.quiet = False
        self._process = os.getpid()
        self._kinds = options.kinds
        self._attachment = Attachment()
        self.notes = ModelNotes(model, self.state, self._attachment)
        self._recorders = Recorders(self.state, options.layers)
        self._selects_tensors = bool(tensor_patterns(options.layers))
        self._ran = False
        self._new: set[str] = set()

    @property
    def layers(self) -> list[Layer]:
        """The selected layers, in model order."""
        return self._followed.layers

    @property
    def _whole(self) -> Layer:
        """The model: all parameters are below it."""
        return Layer("", len(self.layers), unwrap(self._model))

    @property
    def _with_parameters(self) -> list[Layer]:
        """Whose parameters are recorded: without a selection, all parameters of the model.

        Modules with children have some too: stacked experts, position embeddings,
        ``in_proj_weight``.
        """
        return self.layers if self._selects else [*self.layers, self._whole]

    def tags(self) -> dict[str, tuple[str, nn.Module]]:
        """The tags that are recorded as far as they are known before the first forward pass.

        Each with the name of the layer or parameter and the module that it belongs to.
        """
        found = {}
        for layer in self.layers:
            for kind in ("activations", "gradients", "inputs"):
                for phase in self.state.phases if getattr(self.state, kind) else ():
                    tag = LayerInfo(layer.name, kind, phase).tag
                    found[tag] = (layer.name, layer.module)
        for given, layer in root_layers(self._model) if self.state.model_inputs else ():
            for phase in self.state.phases:
                found[LayerInfo(layer.name, "inputs", phase).tag] = (layer.name, given)
        for tag, ref in self.parameters.tags(self._with_parameters):
            found[tag] = (ref.name, ref.module)
        return found

    @property
    def attached(self) -> bool:
        """Whether the hooks are on the model."""
        return self._attachment.attached

    @property
    def ran(self) -> bool:
        """Whether any layer ran in a recorded phase."""
        return self._ran or self._attachment.ran or self.state.called

    def attach(self, tell: Callable[..., None]) -> None:
        """Put the hooks on the modules that the model has now.

        tell: takes fields of the run's information, from now on.
        """
        self.notes.tell = tell
        self.update()
        for model in dict.fromkeys((*given_models(self._model), *called_models(self._model))):
            self._attachment.look_before_forwards(model, self.state)
        if self.state.outputs or self.state.inputs:
            make_room_for_graphs(unwrap(self._model))
            for model in called_models(self._model):
                self._attachment.count_forwards(model, self.state)
        self._attach()
        self._attachment.attached = True
        if not self.layers and not self._selects_tensors:
            self.state.warn_once(NO_LAYERS)

    def _attach(self) -> None:
        if self.state.model_inputs:
            for given, layer in root_layers(self._model):
                self._attachment.count_model_inputs(given, layer, self.state)
        if self.state.outputs or self.state.inputs:
            self._attachment.attach(self.layers, self.state)
        if self.state.outputs:
            known, models = named_layers(self._model), called_models(self._model)
            self._recorders.attach(known, self.layers, models)
        self.parameters.attach(self._with_parameters)
        if self.parameters.sizes is not None:
            self.parameters.sizes.attach([*self.layers, self._whole])
        if self.parameters.setup is not None:
            self.parameters.setup.attach(self.layers, self._whole)
            for given, layer in root_layers(self._model):
                setup = self.parameters.setup
                graphs = setup.watch_graphs(layer.name)
                hook = OutputHook(layer, setup.losses, graphs, self.state)
                self._attachment.watch_outputs(given, hook)

    def record(self, name: str, tensor: Tensor) -> None:
        """Count a tensor that belongs to no module."""
        self._recorders.record(name, tensor)

    def detach(self) -> None:
        """Take all hooks off; calling it again does nothing."""
        self.state.stop()
        self._ran = self.ran
        self.notes.note_inputs()
        self.notes.note_setup(self.parameters.setup, last=True)
        self._attachment.detach()
        self._recorders.detach()
        self.parameters.detach()

    def update(self) -> None:
        """Go on with the modules that the model has now."""
        changes = self._followed.update()
        if changes is None:
            return
        self.state.split.update(self.layers)
        if self.attached:
            self._attachment.release(self.layers)
            self._attachment.remove_moved(iter_modules([self._model]), self.state)
            self._attach()
            self.state.renew_graphs()
        self._new.update(changes.replaced, changes.added)
        # A model that makes its modules in the first forward pass has not changed.
        if changes and (self.records or changes.replaced or changes.removed):
            self.notes.note_changes(changes)

    def begin_sizes(self, *, recorded: bool) -> None:
        """A step begins; recorded: whether it makes a record."""
        if self.parameters.sizes is not None:
            self.parameters.sizes.begin_step(recorded and self.state.first_rank)
        if self.parameters.setup is not None:
            self.parameters.setup.begin_step(recorded and self.state.first_rank)

    def end_sizes(self) -> PendingSizes | None:
        """The sizes of parameters in the recorded step that ends, if it is their turn."""
        return None if self.parameters.sizes is None else self.parameters.sizes.end_step()

    def take_first_sizes(self) -> PendingSizes | None:
        """The sizes of the weights before the first step, once."""
        if self.parameters.sizes is None:
            return None
        first, self.parameters.sizes.first = self.parameters.sizes.first, None
        return first

    def take_last_sizes(self) -> PendingSizes | None:
        """The sizes of the weights as they are now, where the last record lacks them."""
        if self.parameters.sizes is None or not (self.records and self.state.first_rank):
            return None
        return self.parameters.sizes.measure_last()

    def _look(self) -> None:
        """Before a forward pass of a recorded step."""
        self.update()
        self.notes.begin_weights(layers_to_refs(self._with_parameters))
        if self.parameters.sizes is not None:
            with torch.no_grad():
                self.parameters.sizes.begin()
        if self.parameters.setup is not None:
            with torch.no_grad():
                self.parameters.setup.begin(self.state.step)

    def tell_missing(self) -> None:
        """At the end: warn where the model ran and no step ended, or nothing of a kind was seen."""
        if self.quiet or not self.state.first_rank or os.getpid() != self._process:
            return
        if not self.stored:
            if self.ran:
                self.state.warn_once(NO_STEP)
        elif self.records and "train" in self.state.phases:
            recorded = {info.kind for info in self.state.rows.infos}
            text = explain_missing_kinds(self._kinds, self.state.seen, recorded)
            if text:
                self.state.warn_once(text)

    def _tell_unmatched(self) -> None:
        """After the first record, warn of patterns that named nothing in it."""
        names = [info.layer for info in self.state.rows.infos]
        found: dict[str, Sequence[object]] = {
            "layers": unmatched_tensors(self._selection, named_layers(self._model), names),
            "split": self.state.split.unmatched(names),
        }
        for option, patterns in found.items():
            text = explain_unmatched(option, patterns, names)
            if text:
                self.state.warn_once(text)

    def _tell_uncounted(self) -> None:
        """After the first record, warn if layers ran and none gave values that can be counted."""
        counted = any(info.kind == "activations" for info in self.state.rows.infos)
        hooks = self._attachment.hooks.values()
        if self.state.activations and not counted and any(hook.ran for hook in hooks):
            self.state.warn_once(NO_VALUES)

    def note_weights(self) -> None:
        """Keep what a later training in the run is to compare its weights with."""
        self.notes.note_weights(layers_to_refs(self._with_parameters))

    def end_inputs(self, step: int) -> None:
        """After a record: note what is known of the model's input, now and then, and news at once.

        step: number of the record.
        """
        news = [hook.end_record(step) for hook in self._attachment.model_hooks.values()]
        if any(news) or has_doubled(self.records):
            self.notes.note_inputs()
        if self.parameters.setup is not None:
            self.parameters.setup.end_record(step)
            self.notes.note_setup(self.parameters.setup)

    def end_record(self) -> None:
        """After the first record, and now and then later, look at modes and for silent layers."""
        self.records += 1
        new, self._new = self._new, set()
        doubled = has_doubled(self.records)
        if doubled or self.records % MODES_EVERY == 0:
            self.notes.note_modes(self.layers)
        if not doubled:
            return
        if self.records == 1 and self.state.first_rank:
            self._tell_unmatched()
            self._tell_uncounted()
        self.notes.note_trainable(layers_to_refs(self._with_parameters))
        self.note_weights()
        # The hooks of new layers may not have been on for the whole step.
        silent = [name for name in self._attachment.silent() if name not in new]
        self.notes.note_silent(silent, self.layers, self.records)
