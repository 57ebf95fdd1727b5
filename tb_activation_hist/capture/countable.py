"""Which tensors have values that can be counted, and the plain tensor that holds them."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from tb_activation_hist.capture import torch_internals

COUNTABLE_DTYPES: Final = frozenset(
    {torch.float32, torch.float16, torch.bfloat16, torch.float64}
    | {
        dtype
        for name in dir(torch)
        if name.startswith("float8_") and isinstance(dtype := getattr(torch, name), torch.dtype)
    }
)


def is_countable(tensor: object) -> bool:
    """Whether `count_` takes this: a dense tensor of real floating-point values with data.

    float32, float16, bfloat16, float64 and the float8 types. Not countable: integer, boolean,
    complex, quantised, sparse, nested, mkldnn and meta tensors, and what is no tensor.
    """
    return (
        isinstance(tensor, Tensor)
        and tensor.dtype in COUNTABLE_DTYPES
        and tensor.layout is torch.strided
        and tensor.device.type != "meta"
        and not tensor.is_nested
    )


def is_plain(tensor: Tensor) -> bool:
    """Whether the tensor is of no subclass but that of parameters."""
    return type(tensor) is Tensor or type(tensor) is torch.nn.Parameter


def plain_values(tensor: Tensor) -> Tensor | None:
    """The plain tensor that holds the values of a subclass; None when there is none to read.

    A DTensor gives this rank's shard, a collective under way its result, for which the stream
    waits. functorch's wrappers (vmap, grad) and tensors without storage (fake tensors, in export
    and tracing) have no values that belong to this step.
    """
    if torch_internals.is_functorch_wrapper(tensor):
        return None
    if is_plain(tensor):
        return tensor
    shard = torch_internals.local_shard(tensor)
    if shard is not None:
        return plain_values(shard)
    arrived = torch_internals.arrived_values(tensor)
    if arrived is not None:
        return arrived
    if _computes_by_itself(tensor):
        return None
    with torch.no_grad(), torch_internals.without_torch_function():
        return tensor.as_subclass(Tensor)


def countable_values(tensor: Tensor | None) -> Tensor | None:
    """`plain_values` where they are countable, else None."""
    values = None if tensor is None else plain_values(tensor)
    return values if is_countable(values) else None


def _computes_by_itself(tensor: Tensor) -> bool:
    """Whether the subclass has its own arithmetic (FakeTensor), not only more attributes."""
    return type(tensor).__torch_dispatch__ is not Tensor.__torch_dispatch__
