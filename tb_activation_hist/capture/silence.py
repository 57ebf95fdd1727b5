"""Why selected layers gave no output, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from typing import Final

import torch
from torch import nn

from tb_activation_hist.capture.countable import countable_values
from tb_activation_hist.capture.select import Layer
from tb_activation_hist.capture.state import BACKWARD, OPTIMIZER_STEP
from tb_activation_hist.capture.torch_internals import is_compiled
from tb_activation_hist.core.nearest import list_names, name_hint

NAMED: Final = 12
"""Silent layers that a warning names; the run's information names all."""

PENALTY: Final = 0.99
"""Cosine of a gradient and its weights, 0 to 1, from which on it is that of a penalty on weights;
that of outputs is near 0 with more than a few weights."""

LAST_SILENT: Final = 16
"""Records in which a layer of a branch may be yet to run, such as the head of another task."""


NO_STEP: Final = (
    "The model ran, but no step ended, so nothing was recorded: call the logger's step() once "
    "after each optimizer step, or give it optimizer=... and train with that optimizer. "
    "A GradScaler never calls it while all gradients are NaN or infinite."
)
"""Warning of a logger that is closed before its first step."""

NO_LAYERS: Final = (
    "The model has no layers that can be recorded: no leaf module has its own forward pass. "
    "Choose modules with layers=..."
)
"""Warning of a logger whose selection is empty."""


NO_VALUES: Final = (
    "The layers ran in the first step, but nothing was counted: none gave a dense tensor of "
    "floating-point numbers with values. Complex, quantised and sparse tensors, and those on the "
    "meta device, are not counted. Record parts of them with record(name, tensor), such as "
    "tensor.abs(), or train a model whose tensors are on a real device."
)
"""Warning of a logger whose first record holds no histogram of activations."""

NO_BACKWARD: Final = (
    "gradients: no backward pass reached the outputs of the layers. They may be frozen, under "
    "torch.no_grad(), or compiled before the logger was made"
)
NEED_OPTIMIZER: Final = ("weight_gradients", "updates", "optimizer_state")
"""Kinds of which nothing is there before an optimizer steps."""

NO_OPTIMIZER_STEP: Final = (
    "{kinds}: no torch.optim.Optimizer stepped the layers' parameters. Train them with one, or "
    "call before() and after() of the logger's watch_steps() around each of your own steps"
)


NO_STATE: Final = (
    "optimizer_state: the optimizer keeps no tensor of a parameter's shape. SGD without momentum "
    "keeps nothing, and LBFGS keeps flat vectors of all parameters"
)


def explain_missing_kinds(
    kinds: Sequence[str], seen: Container[str], recorded: Container[str]
) -> str:
    """One text for kinds of which nothing was recorded; empty when there are none.

    seen: what has happened, `state.BACKWARD` and `state.OPTIMIZER_STEP`. recorded: kinds of which
    there is something.
    """
    reasons = []
    if "gradients" in kinds and BACKWARD not in seen:
        reasons.append(NO_BACKWARD)
    stepped = [kind for kind in NEED_OPTIMIZER if kind in kinds]
    if stepped and OPTIMIZER_STEP not in seen:
        reasons.append(NO_OPTIMIZER_STEP.format(kinds=" and ".join(stepped)))
    elif "optimizer_state" in kinds and "optimizer_state" not in recorded:
        reasons.append(NO_STATE)
    return f"Nothing was recorded of {'; nor of '.join(reasons)}." if reasons else ""


def explain_unmatched(option: str, patterns: Sequence[object], names: Sequence[str]) -> str:
    """What to say of patterns that named nothing in the first step; empty without any.

    option: that has them. names: what was recorded in that step.
    """
    if not patterns:
        return ""
    texts = [each.pattern if isinstance(each, re.Pattern) else str(each) for each in patterns]
    hint = name_hint(texts[0], [*dict.fromkeys(names)], "recorded")
    verb = "matches" if len(texts) == 1 else "match"
    return (
        f"{option}: {list_names([*map(repr, texts)])} {verb} nothing that the first step recorded. "
        f"{hint} A pattern applies as soon as something has such a name."
    )


def explain_silence(
    model: nn.Module,
    layers: Sequence[Layer],
    silent: Sequence[str],
    hidden: Mapping[str, str] | None = None,
    *,
    phases: Sequence[str] = ("train",),
    called: bool = True,
    records: int = 1,
) -> str:
    """One text for all silent layers: their names, the likely cause, the remedy.

    Empty if nothing is wrong: many networks seldom run single layers without weights, such as an
    unused Identity or the softmax inside a fused attention, or a branch that was not taken so far,
    whose weights have no gradient or that of a penalty on all weights. ``nn.MultiheadAttention``
    uses its ``out_proj`` without calling it.

    hidden: why the outputs of layers that did run could not be read, by name. phases: those that
    are recorded. called: whether the model itself was called. records: how many there are so far.
    """
    modules = {layer.name: layer.module for layer in layers}
    text = (
        f"{len(silent)} of {len(layers)} layers did not run in {_first_steps(records)} and have "
        f"no histograms so far: {list_names(silent, NAMED)}."
    )
    if hidden:
        reasons = dict.fromkeys(hidden.values())
        named = {why: [name for name in hidden if hidden[name] == why] for why in reasons}
        texts = [f"{list_names(names, NAMED)} {why}." for why, names in named.items()]
        return " ".join([text, *texts])
    resting = [name for name in silent if not modules[name].training]
    never_called = len(silent) == len(layers) and not called
    cause = _cause_in_setup(model, silent, resting, phases, never_called=never_called)
    if cause:
        return f"{text} {cause}"
    projections = {m.out_proj for m in model.modules() if isinstance(m, nn.MultiheadAttention)}
    unknown = [name for name in silent if modules[name] not in projections]
    if not any(True for name in unknown for _ in modules[name].parameters()):
        return ""
    used = any(_has_gradient(modules[name]) for name in unknown)
    if not used and (records < LAST_SILENT or _has_gradient(model)):
        return ""
    return (
        f"{text} A parent module may use a layer's weights without calling it: choose the parent "
        "with layers=... "
        "A layer in a branch that was not taken appears as soon as it runs."
    )


def _cause_in_setup(
    model: nn.Module,
    silent: Sequence[str],
    resting: Sequence[str],
    phases: Sequence[str],
    *,
    never_called: bool,
) -> str:
    """What the training or the logger's options do that silences layers; empty if nothing does.

    resting: those of the silent layers that are in eval mode. never_called: whether the training
    does not call the model.
    """
    if any(is_compiled(module) for module in model.modules()):
        return (
            "The model was compiled before the logger was attached, and a compiled model "
            "does not call hooks added later: create the logger before the first call "
            "of the compiled model, or call torch.compiler.reset() now."
        )
    if resting:
        one, whole = len(resting) == 1, len(resting) == len(silent)
        who = ("It" if one else "All") if whole else list_names(resting, NAMED)
        them = "it" if one else "them"
        return (
            f"{who} {'is' if one else 'are'} in eval mode: record {them} with "
            f"phases=('train', 'eval'), or call train() on {them}."
        )
    if "train" not in phases:
        return (
            "Of them only forward passes in eval mode are recorded (phases='eval'): call "
            "the model's eval() before those, or record with phases=('train', 'eval')."
        )
    if never_called:
        return (
            "The training does not call this model. It may call a copy, another model, "
            "only its forward(), or a model that was compiled or traced before the logger was "
            "created and does not call hooks added later. Give the logger the model that the "
            "training calls, and create it before the first call of a compiled model, or call "
            "torch.compiler.reset() now."
        )
    return ""


def _first_steps(records: int) -> str:
    return "the first step" if records == 1 else f"the first {records} recorded steps"


def _has_gradient(module: nn.Module) -> bool:
    """Whether outputs gave its parameters a gradient; a training may clear them before."""
    return any(_is_from_outputs(parameter) for parameter in module.parameters())


def _is_from_outputs(parameter: nn.Parameter) -> bool:
    """Whether a gradient is neither 0 nor that of a penalty on all weights.

    The latter has the direction of the weights, but for the step that has changed them since, in
    layers that did not run as well. What cannot be read is taken for none.
    """
    gradient, weights = countable_values(parameter.grad), countable_values(parameter.detach())
    if gradient is None or weights is None or not gradient.any():
        return False
    likeness = torch.cosine_similarity(gradient.flatten().float(), weights.flatten().float(), dim=0)
    return weights.numel() == 1 or float(likeness) < PENALTY
