"""The Triton kernel's arithmetic at the far end of a tensor of more than 2**31 values.

The interpreter runs one program of the launch. It is handed an address so far before a small
tensor that the values which this program takes are those of the small tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
import triton.language as tl
from triton.runtime.interpreter import TensorHandle, interpreter_builder

from tb_activation_hist.capture import count_triton
from tb_activation_hist.capture.count import CountBuffer
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tests.unit.capture.counted import expect

FAR = 1 << 31
DENSE = (1, 1, 1, 0, 0, 0, 0, 0)


class _Far:
    """Stands for a huge tensor: its first value lies `FAR` values before those of `near`."""

    def __init__(self, near: torch.Tensor) -> None:
        self.near = near
        self.dtype = near.dtype

    def data_ptr(self) -> int:
        return self.near.data_ptr() - FAR * self.near.element_size()

    def untyped_storage(self) -> _Far:
        return self

    def storage_offset(self) -> int:
        return 0

    def size(self) -> tuple[int, ...]:
        return ()

    stride = size

    def cpu(self) -> _Far:
        return self

    def new_empty(self, *_: object, **__: object) -> _Far:
        return self

    def set_(self, *_: object) -> _Far:
        return self

    def copy_(self, _: object) -> None:
        """The interpreter copies its arguments back; nothing has changed in this one."""


@contextmanager
def _one_program(program: int, programs: int) -> Iterator[None]:
    """The interpreter's single program is this one of so many."""
    names = "create_get_program_id", "create_get_num_programs"
    kept = [getattr(interpreter_builder, name) for name in names]

    def number(value: int) -> Callable[[int], TensorHandle]:
        return lambda _axis: TensorHandle(np.array([value], dtype=np.int32), tl.int32)

    try:
        for name, value in zip(names, (program, programs), strict=True):
            setattr(interpreter_builder, name, number(value))
        yield
    finally:
        for name, each in zip(names, kept, strict=True):
            setattr(interpreter_builder, name, each)


def check_far(way: count_triton.Way) -> None:
    """The last, incomplete tile of 2**31 + 5 values, and the last of 2**31 + one whole tile."""
    for dtype in (torch.bfloat16, torch.float32):
        shape = count_triton._shape(dtype, FLOAT_BITS.kernel, way)
        program = FAR // shape.tile.values
        for left in (5, shape.tile.values):
            near = torch.randn(left).to(dtype)
            buffer = CountBuffer(1)
            on = torch.ones(1, dtype=torch.uint8)
            with _one_program(program, program + 1):
                shape.function[(1,)](
                    _Far(near), FAR + left, buffer.storage, on, 0, 1, 1, *DENSE,
                    *shape.constants, **shape.options,
                )  # fmt: skip
            host, wanted = buffer.to_host(), expect(near)
            np.testing.assert_array_equal(host.counts[0], wanted.counts)
            assert host.moments[0, :2].tolist() == wanted.moments[:2]


if __name__ == "__main__":
    check_far("table")
    check_far("window")
    print("all rows agree")
