"""Builds the Triton kernels ahead of time, and reads what came out; run by hand or in a test."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from tb_activation_hist.capture import count_triton
from tb_activation_hist.core.schemes.scheme import FLOAT_BITS_KERNEL

CUDA = (75, 80, 90, 100, 120)
TYPES = {
    torch.float32: "*fp32",
    torch.float16: "*fp16",
    torch.bfloat16: "*bf16",
    torch.float64: "*fp64",
}
LONG = "i64"


def build(dtype: torch.dtype, target: GPUTarget, way: count_triton.Way) -> Any:
    """The kernel of dense values of this type, compiled as a launch would have it."""
    shape = count_triton._shape(dtype, FLOAT_BITS_KERNEL, way)
    names = shape.function.arg_names
    constants = dict(zip(names[-len(shape.constants) :], shape.constants, strict=True), DIMS=0)
    return _compile(shape.function, dtype, target, constants, shape.options)


def build_slices(dtype: torch.dtype, target: GPUTarget, *, adjacent: bool) -> Any:
    """The kernel of slices, with two dimensions of values beside theirs."""
    tile = count_triton.SLICE_TILE[adjacent]
    constants = {
        "DIMS": 2,
        "SLICES": tile[0],
        "VALUES": tile[1],
        "ADJACENT": adjacent,
        "IS_DOUBLE": dtype is torch.float64,
    }
    return _compile(count_triton.slice_kernel, dtype, target, constants, count_triton.SLICE_OPTIONS)


def _compile(
    function: Any,
    dtype: torch.dtype,
    target: GPUTarget,
    constants: dict[str, Any],
    options: dict[str, Any],
) -> Any:
    names = function.arg_names
    types = {"values": TYPES.get(dtype, "*u8"), "storage": "*u8", "switch": "*u8", "n": LONG}
    signature = {
        name: "constexpr" if name in constants else types.get(name, "i32") for name in names
    }
    aligned = [["tt.divisibility", 16]]
    source = ASTSource(
        fn=function,
        signature=signature,
        constexprs={(names.index(name),): value for name, value in constants.items()},
        attrs={(names.index("values"),): aligned, (names.index("storage"),): aligned},
    )
    options = dict(options)
    if target.backend == "hip":
        options.pop("maxnreg", None)
    return triton.compile(source, target=target, options=options)


def loops(ptx: str) -> list[str]:
    """The body of every loop: from a label to the last branch back to it."""
    lines = ptx.splitlines()
    labels = {
        line.split(":")[0].strip(): at for at, line in enumerate(lines) if line.startswith("$L")
    }
    ends: dict[int, int] = {}
    for at, line in enumerate(lines):
        target = re.search(r"\bbra\S*\s+(\$L\w+)", line)
        if target and labels[target[1]] <= at:
            ends[labels[target[1]]] = at
    return ["\n".join(lines[start : end + 1]) for start, end in ends.items()]


def resources(compiled: Any) -> dict[str, int]:
    """Registers and bytes of stack, to which spilled registers go, as the assembler reports."""
    tool = Path(triton.__file__).parent / "backends/nvidia/bin/cuobjdump"
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(compiled.asm["cubin"])
        file.flush()
        command = [str(tool), "-res-usage", file.name]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {name: int(number) for name, number in re.findall(r"(REG|STACK|LOCAL):(\d+)", out)}
