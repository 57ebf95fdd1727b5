"""Gradients of a compiled graph: a mark in the forward pass, and the op that counts them.

`watch_gradient` stands in the graph that Dynamo makes. It registers a hook on the tensor, which
the compiler meets while it traces the backward pass; the hook leaves `count_gradient` there. Where
a graph is run as it stands (``backend="eager"``), it registers the hook that eager calls have.

Nothing is changed in place, so that no compiler has to save or copy our storage: the op returns a
-0, which added to a number leaves it as it is, and the sum is the gradient that goes on. Compilers
fuse it with what is computed next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import torch
from torch import Tensor

from tb_activation_hist.capture.countable import is_plain
from tb_activation_hist.capture.in_graph import HOOKS, place_of_gradient
from tb_activation_hist.capture.shards import ShardPlace
from tb_activation_hist.capture.torch_internals import keep_in_graphs, local_shard

_LIBRARY: Final = torch.library.Library("tb_activation_hist", "FRAGMENT")
_LIBRARY.define("watch_gradient(Tensor values, str hook, str path, str phase, str type_name) -> ()")


@torch.library.custom_op("tb_activation_hist::count_gradient", mutates_args=())
def count_gradient(
    gradient: Tensor, hook: str, path: str, phase: str, type_name: str, place: Sequence[int]
) -> Tensor:
    """Count a gradient; gives a -0 of its dtype.

    hook: key of the forward hook in `HOOKS`. place: the `ShardPlace` of a DTensor's shard, else [].
    """
    counts = HOOKS.get(hook)
    if counts is not None:
        where = ShardPlace(*place) if place else None
        counts.count_gradient(gradient, path, phase, type_name, where)
    return torch.full((), -0.0, dtype=gradient.dtype, device=gradient.device)


@count_gradient.register_fake
def _(gradient: Tensor, *_: object) -> Tensor:
    return torch.empty((), dtype=gradient.dtype, device=gradient.device)


def _watch_gradient(values: Tensor, hook: str, path: str, phase: str, type_name: str) -> None:
    if not values.requires_grad:
        return
    if is_plain(values):
        counts = HOOKS.get(hook)
        if counts is not None:
            counts.follow_gradient(values, path, phase, type_name)
        return

    def add_count(gradient: Tensor | None) -> Tensor | None:
        if gradient is None:
            return None  # of one of several outputs of an operation, which the loss does not use
        shard = local_shard(gradient)
        place = () if shard is None else _find_place(gradient, hook, path)
        own = gradient if shard is None else shard
        zero: Tensor = count_gradient(own.detach(), hook, path, phase, type_name, place)
        return gradient + zero if shard is None else _as_shard(gradient, shard + zero)

    values.register_hook(add_count)


def _find_place(gradient: Tensor, hook: str, path: str) -> Sequence[int]:
    counts = HOOKS.get(hook)
    return () if counts is None else (place_of_gradient(counts, path, gradient) or ())


def _as_shard(whole: Any, values: Tensor) -> Tensor:
    """A DTensor like another, of which this rank has these values."""
    made: Tensor = type(whole).from_local(
        values,
        whole.device_mesh,
        whole.placements,
        run_check=False,
        shape=whole.shape,
        stride=whole.stride(),
    )
    return made


_LIBRARY.impl("watch_gradient", _watch_gradient, "CompositeImplicitAutograd")

watch_gradient: Final = torch.ops.tb_activation_hist.watch_gradient.default
"""``watch_gradient(values, hook, path, phase, type_name)``: count the gradient of `values`, which
must be computed with, when the backward pass of the graph runs."""

keep_in_graphs(watch_gradient)
