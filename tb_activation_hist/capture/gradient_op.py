"""Gradients of a compiled graph: a mark in the forward pass, and the op that counts them.

`watch_gradient` stands in the graph that Dynamo makes. It registers a hook on the tensor, which
the compiler meets while it traces the backward pass; the hook leaves `count_gradient` there. Where
a graph is run as it stands (``backend="eager"``), it registers the hook that eager calls have.

Nothing is changed in place, so that no compiler has to save or copy our storage: the op returns a
-0, which added to a number leaves it as it is, and the sum is the gradient that goes on. Compilers
fuse it with what is computed next.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from tb_activation_hist.capture.countable import is_plain
from tb_activation_hist.capture.in_graph import HOOKS
from tb_activation_hist.capture.torch_internals import keep_in_graphs, local_shard

_LIBRARY: Final = torch.library.Library("tb_activation_hist", "FRAGMENT")
_LIBRARY.define("watch_gradient(Tensor values, str hook, str path, str phase, str type_name) -> ()")


@torch.library.custom_op("tb_activation_hist::count_gradient", mutates_args=())
def count_gradient(gradient: Tensor, hook: str, path: str, phase: str, type_name: str) -> Tensor:
    """Count a gradient; gives a -0 of its dtype. hook: key of the forward hook in `HOOKS`."""
    counts = HOOKS.get(hook)
    if counts is not None:
        counts.count_gradient(gradient, path, phase, type_name)
    return torch.full((), -0.0, dtype=gradient.dtype, device=gradient.device)


@count_gradient.register_fake
def _(gradient: Tensor, *_: str) -> Tensor:
    return torch.empty((), dtype=gradient.dtype, device=gradient.device)


def _watch_gradient(values: Tensor, hook: str, path: str, phase: str, type_name: str) -> None:
    # No op knows a shard of a DTensor inside a graph.
    if not values.requires_grad or local_shard(values) is not None:
        return
    if is_plain(values):
        counts = HOOKS.get(hook)
        if counts is not None:
            counts.follow_gradient(values, path, phase, type_name)
        return

    def add_count(gradient: Tensor) -> Tensor:
        zero: Tensor = count_gradient(gradient.detach(), hook, path, phase, type_name)
        return gradient + zero

    values.register_hook(add_count)


_LIBRARY.impl("watch_gradient", _watch_gradient, "CompositeImplicitAutograd")

watch_gradient: Final = torch.ops.tb_activation_hist.watch_gradient.default
"""``watch_gradient(values, hook, path, phase, type_name)``: count the gradient of `values`, which
must be computed with, when the backward pass of the graph runs."""

keep_in_graphs(watch_gradient)
