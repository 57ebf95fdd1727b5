"""How hooks are put on the modules of a model and taken off again, also off copies of them."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any, Final

from torch import nn

from tb_activation_hist.capture.hooks import ForwardHook, InputHook
from tb_activation_hist.capture.loss_watch import OutputHook
from tb_activation_hist.capture.model_hooks import ForwardBegins, ForwardEnds, LookHook
from tb_activation_hist.capture.model_inputs import ModelInputHook
from tb_activation_hist.capture.select import Layer
from tb_activation_hist.capture.state import CaptureState
from tb_activation_hist.capture.torch_internals import forward_hooks, forward_pre_hooks

MARK: Final = "_tb_activation_hist_"
"""Start of the name of a hooked module's extra attribute, see `Eraser`."""


class Eraser:
    """Takes our hook off a copy of a module while it is copied or loaded.

    It is an attribute of the module, so it is copied after the table of hooks. Pickled, it is
    the call ``operator.delitem(hooks, key)``: loading needs nothing of this package.
    """

    def __init__(self, hooks: dict[int, Any], key: int) -> None:
        self._hooks = hooks
        self._key = key

    def __reduce__(self) -> tuple[Any, ...]:
        return operator.delitem, (self._hooks, self._key)

    def __deepcopy__(self, memo: dict[int, Any]) -> None:
        copied = memo.get(id(self._hooks))
        if isinstance(copied, dict):
            copied.pop(self._key, None)


class Attachment:
    """The hooks of one logger on the modules of one model."""

    def __init__(self) -> None:
        self.attached = False
        self.hooks: dict[nn.Module, ForwardHook] = {}
        """For each module, the one that shows whether it ran."""
        self.input_hooks: dict[nn.Module, ForwardHook] = {}
        self.model_hooks: dict[nn.Module, ModelInputHook] = {}
        """Of each model as it was given."""
        self._watched: set[nn.Module] = set()
        self._handles: list[tuple[nn.Module, Any]] = []

    def attach(self, layers: Iterable[Layer], state: CaptureState) -> None:
        """Put a hook on each layer that has none of this logger yet."""
        for layer in layers:
            if layer.module in self.hooks:
                continue
            if state.inputs:
                self.hooks[layer.module] = self._hook_before(layer, state)
            if state.outputs:
                hook = self.hooks[layer.module] = ForwardHook(layer, state)
                # Scripted modules hide the method, but call hooks all the same.
                handle = nn.Module.register_forward_hook(layer.module, hook)
                self._keep(layer.module, handle)

    def _hook_before(self, layer: Layer, state: CaptureState) -> ForwardHook:
        """The hook that counts a layer's inputs; that of a whole model is there already."""
        for hook in self.model_hooks.values():
            if hook.layer == layer.name:
                return hook
        before = self.input_hooks[layer.module] = InputHook(layer, state)
        handle = nn.Module.register_forward_pre_hook(layer.module, before, with_kwargs=True)
        self._keep(layer.module, handle)
        return before

    def count_model_inputs(self, given: nn.Module, root: Layer, state: CaptureState) -> None:
        """Count what goes into a model. given: with its wrappers, whose hooks no graph holds."""
        if given not in self.model_hooks:
            hook = self.model_hooks[given] = ModelInputHook(root, state)
            # Scripted modules hide the method, but call hooks all the same.
            self._keep(given, nn.Module.register_forward_pre_hook(given, hook, with_kwargs=True))

    def watch_outputs(self, given: nn.Module, hook: OutputHook) -> None:
        """Look at what a model gives. given: as in `count_model_inputs`."""
        if given not in self._watched:
            self._watched.add(given)
            # Scripted modules hide the method, but call hooks all the same.
            self._keep(given, nn.Module.register_forward_hook(given, hook))

    def release(self, layers: Iterable[Layer]) -> None:
        """Take the hooks off all modules that are none of these layers, under their names."""
        kept = {(layer.name, layer.module) for layer in layers}
        gone = {each for each, hook in self.hooks.items() if (hook.layer, each) not in kept}
        for module, handle in self._handles:
            if module in gone:
                _take_off(module, handle)
        self._handles = [each for each in self._handles if each[0] not in gone]
        for module in gone:
            del self.hooks[module]
            self.input_hooks.pop(module, None)

    def look_before_forwards(self, root: nn.Module, state: CaptureState) -> None:
        """Notice changes of the model where its forward pass begins."""
        # Scripted modules hide the method, but call hooks all the same.
        self._keep(root, nn.Module.register_forward_pre_hook(root, LookHook(state)))

    def remove_moved(self, modules: Iterable[nn.Module], state: CaptureState) -> None:
        """Take off hooks of ours that somebody moved to modules for which they are not.

        What replaces layers for quantisation-aware training moves their hooks as well.
        """
        for module in modules:
            own = [each.get(module) for each in (self.hooks, self.input_hooks, self.model_hooks)]
            for hooks in (forward_hooks(module), forward_pre_hooks(module)):
                for key, hook in list(hooks.items()):
                    if isinstance(hook, ForwardHook) and hook.state is state and hook not in own:
                        del hooks[key]

    def count_forwards(self, root: nn.Module, state: CaptureState) -> None:
        """With ``per_call=True``: notice where a forward pass of the whole model begins."""
        if state.per_call:
            begin, end = ForwardBegins(state), ForwardEnds(state)
            self._keep(root, root.register_forward_pre_hook(begin))
            self._keep(root, root.register_forward_hook(end, always_call=True))

    def _keep(self, module: nn.Module, handle: Any) -> None:
        self._handles.append((module, handle))
        module.__dict__[f"{MARK}{handle.id}"] = Eraser(handle.hooks_dict_ref(), handle.id)

    def detach(self) -> None:
        """Take all hooks off; calling it again does nothing."""
        for module, handle in self._handles:
            _take_off(module, handle)
        self._handles.clear()
        self.hooks.clear()
        self.input_hooks.clear()
        self.model_hooks.clear()
        self._watched.clear()
        self.attached = False

    @property
    def ran(self) -> bool:
        """Whether any layer has run."""
        return any(hook.ran or hook.hidden for hook in self.hooks.values())

    def hidden(self) -> dict[str, str]:
        """Layers that ran, but never with outputs that can be read -> why, as `why_hidden` says."""
        hooks = [hook for hook in self.hooks.values() if hook.hidden and not hook.ran]
        return {hook.layer: hook.hidden for hook in hooks}

    def silent(self) -> list[str]:
        """Names of the layers that gave nothing to record so far."""
        return [hook.layer for hook in self.hooks.values() if not hook.ran]


def _take_off(module: nn.Module, handle: Any) -> None:
    handle.remove()
    module.__dict__.pop(f"{MARK}{handle.id}", None)
