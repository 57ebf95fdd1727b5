"""What a hook finds while a graph is compiled: constants, by which the graph counts later.

Each function is asked once for each tensor of a graph; its arguments and results are constants.
"""

from __future__ import annotations

import weakref
from typing import Any, Protocol

import torch
from torch import Tensor

from tb_activation_hist.capture.countable import IN_TRANSFORM
from tb_activation_hist.capture.rows import Row
from tb_activation_hist.capture.shards import ShardPlace, place_of_shard
from tb_activation_hist.capture.split import LayerRules
from tb_activation_hist.capture.state import CaptureState
from tb_activation_hist.capture.torch_internals import (
    in_functorch_transform,
    part_without_writes,
)
from tb_activation_hist.core.names import LayerInfo


class TracedHook(Protocol):
    """What is asked of a module's hook while a graph is compiled."""

    layer: str
    kind: str
    source: str
    gradients: bool
    ordered: bool
    order: int
    ran: bool
    settings: str
    state: CaptureState
    split: LayerRules

    def count_gradient(
        self, gradient: Tensor, path: str, phase: str, type_name: str, place: ShardPlace | None
    ) -> None:
        """Count the gradient of a tensor of a graph. place: of a DTensor's shard."""

    def follow_gradient(self, tensor: Tensor, path: str, phase: str, type_name: str) -> None:
        """Count the gradient of a tensor when it is computed."""

    def hide(self, _path: str, why: str, /) -> None:
        """Note a tensor whose values cannot be read. why: as `why_hidden` says it."""


HOOKS: weakref.WeakValueDictionary[str, TracedHook] = weakref.WeakValueDictionary()
"""By key, for compiled graphs: they can hold a text but not a hook. (Up to torch 2.6 a number on a
hook is no constant to them.)"""


@torch.compiler.assume_constant_result
def may_count_in_graph(key: str, *paths: str) -> bool:
    """Whether the graph may count here. No op of ours can stand inside of vmap and grad of
    torch.func, or in the body of ``torch.cond`` or ``scan``. paths: of the tensors."""
    if not (in_functorch_transform() or part_without_writes()):
        return True
    for path in paths:
        HOOKS[key].hide(path, IN_TRANSFORM)
    return False


@torch.compiler.assume_constant_result
def ran_in_graph(key: str, phase: str, *paths: str) -> None:
    """Note a module that gives nothing to count, or only gradients. paths: of its tensors."""
    hook = _note(key, phase)
    for path in paths if hook.ordered else ():
        hook.state.call_order.note(phase, _layer(hook, path))


@torch.compiler.assume_constant_result
def buffer_in_graph(key: str, path: str, phase: str, type_name: str, *where: Any) -> str:
    row = _find_row(key, path, phase, type_name, *where)
    return HOOKS[key].state.find_in_graph(row)[0]


@torch.compiler.assume_constant_result
def row_in_graph(key: str, path: str, phase: str, type_name: str, *where: Any) -> int:
    row, hook = _find_row(key, path, phase, type_name, *where), HOOKS[key]
    if hook.ordered:
        hook.state.call_order.note(phase, row.info.layer)
    return hook.state.find_in_graph(row)[1]


@torch.compiler.assume_constant_result
def split_in_graph(key: str, path: str, phase: str, type_name: str, *where: Any) -> int:
    """The dimension to split along, -1 without one; the last of `where` is the tensor's rank."""
    split = _find_row(key, path, phase, type_name, *where[:-1]).split
    dim = None if split is None else split.dimension_of(where[-1])
    return -1 if dim is None else dim


@torch.compiler.assume_constant_result
def slices_in_graph(slices: int, key: str, path: str, phase: str, *where: Any) -> str:
    """The name of the buffer for this number of slices; empty if there are too many."""
    split = _find_row(key, path, phase, *where).split
    return "" if split is None else HOOKS[key].state.find_slices_in_graph(split, slices)[0]


@torch.compiler.assume_constant_result
def first_in_graph(slices: int, key: str, path: str, phase: str, *where: Any) -> int:
    split = _find_row(key, path, phase, *where).split
    return 0 if split is None else HOOKS[key].state.find_slices_in_graph(split, slices)[1]


@torch.compiler.assume_constant_result
def bins_in_graph(slices: int, key: str, path: str, phase: str, *where: Any) -> bool:
    """Whether the slices have bins of their own."""
    split = _find_row(key, path, phase, *where).split
    return split is not None and split.has_bins(slices)


@torch.compiler.assume_constant_result
def slice_buffer_in_graph(number: int, key: str, path: str, phase: str, *where: Any) -> str:
    """The name of the buffer with the bins of one slice."""
    split = _find_row(key, path, phase, *where).split
    return "" if split is None else HOOKS[key].state.find_in_graph(split.slice_row(number))[0]


@torch.compiler.assume_constant_result
def slice_row_in_graph(number: int, key: str, path: str, phase: str, *where: Any) -> int:
    split = _find_row(key, path, phase, *where).split
    return 0 if split is None else HOOKS[key].state.find_in_graph(split.slice_row(number))[1]


@torch.compiler.assume_constant_result
def warn_of_shards_in_graph(dim: int, key: str, path: str, phase: str, *where: Any) -> None:
    split = _find_row(key, path, phase, *where).split
    if split is not None:
        split.warn_of_shards(dim)


def place_of_gradient(hook: TracedHook, path: str, gradient: Tensor) -> ShardPlace | None:
    """Where the gradient of a DTensor lies along the dimension that is split; None: not split."""
    dim = hook.split.dimension("gradients", _layer(hook, path))
    rank = gradient.dim()
    if dim is None or not -rank <= dim < rank:
        return None
    return place_of_shard(gradient, dim % rank)


def _find_row(
    key: str, path: str, phase: str, type_name: str, dtype: str, device: str, index: int | None
) -> Row:
    """Find the row of a tensor while compiling.

    The shape is left out: asking for it would fix it in the graph.
    """
    hook = _note(key, phase)
    state = hook.state
    info = LayerInfo(
        layer=state.names.claim(hook.kind, _layer(hook, path), hook.source),
        kind=hook.kind,
        phase=phase,
        order=hook.order,
        type=type_name,
        dtype=dtype.removeprefix("torch."),
        scheme=state.rows.scheme,
        settings=hook.settings,
    )
    split = hook.split.dimension(hook.kind, info.layer)
    where = torch.device(device if index is None else f"{device}:{index}")
    return state.rows.find(info, where, split)


def _note(key: str, phase: str) -> TracedHook:
    hook = HOOKS[key]
    hook.ran = True
    hook.state.graphs_evaluate |= phase == "eval"
    if hook.state.per_call:
        hook.state.warn_compiled()
    return hook


def _layer(hook: TracedHook, path: str) -> str:
    return "/".join(part for part in (hook.layer, path) if part)
