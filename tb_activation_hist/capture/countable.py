"""Which tensors have values that can be counted, and the plain tensor that holds them."""

from __future__ import annotations

from functools import lru_cache
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

IN_TRANSFORM: Final = (
    "ran only inside a transform (vmap or grad of torch.func, or an operator such as torch.cond), "
    "which has no values to count: call the model itself once in each step, for example under "
    "torch.no_grad(), to have them recorded"
)
"""What befell a tensor that functorch holds, and what to do: the end of a sentence."""

WHOLE_DTYPES: Final = frozenset({torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64})
"""Whole numbers, which a model's own input may be: token ids, rows of a table, pixels."""


def is_countable(tensor: object) -> bool:
    """Whether `count_` takes this: a dense tensor of real floating-point values with data.

    float32, float16, bfloat16, float64 and the float8 types. Not countable: integer, boolean,
    complex, quantised, sparse, nested, mkldnn and meta tensors, and what is no tensor.
    """
    return _is_dense(tensor, COUNTABLE_DTYPES)


def is_whole(tensor: object) -> bool:
    """Whether this is a dense tensor of whole numbers; `as_floats` makes it countable."""
    return _is_dense(tensor, WHOLE_DTYPES)


def as_floats(values: Tensor) -> Tensor:
    """The tensor itself, or its whole numbers as float32, exact up to 16,777,216."""
    return values.float() if values.dtype in WHOLE_DTYPES else values


@lru_cache
def dtype_name(dtype: torch.dtype) -> str:
    """Its name without the module, such as "float32"."""
    return str(dtype).removeprefix("torch.")


def _is_dense(tensor: object, dtypes: frozenset[torch.dtype]) -> bool:
    return (
        isinstance(tensor, Tensor)
        and tensor.dtype in dtypes
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


def why_hidden(tensor: Tensor) -> str:
    """Why `plain_values` of a tensor are None, and what to do: the end of a sentence."""
    if torch_internals.is_functorch_wrapper(tensor):
        return IN_TRANSFORM
    return (
        f"hides its values in a {type(tensor).__name__}, a tensor with arithmetic of its own: give "
        "the plain tensor that it stands for to record(module, name=tensor)"
    )


def countable_values(tensor: Tensor | None) -> Tensor | None:
    """`plain_values` where they are countable, else None."""
    values = None if tensor is None else plain_values(tensor)
    return values if is_countable(values) else None


def _computes_by_itself(tensor: Tensor) -> bool:
    """Whether the subclass has its own arithmetic (FakeTensor), not only more attributes."""
    return type(tensor).__torch_dispatch__ is not Tensor.__torch_dispatch__
