"""What Triton's compilers make of the kernels, ahead of time and without a GPU."""

from __future__ import annotations

import re

import pytest
import torch

triton = pytest.importorskip("triton", reason="Triton is not installed (it needs Linux)")
if tuple(int(part) for part in triton.__version__.split(".")[:2]) < (3, 8):
    pytest.skip("this Triton counts by windows", allow_module_level=True)

from triton.backends.compiler import GPUTarget  # noqa: E402

from tb_activation_hist.capture import count_triton  # noqa: E402
from tests.unit.capture.triton_builds import (  # noqa: E402
    CUDA,
    build,
    build_slices,
    loops,
    resources,
)

MOST_SHARED_BYTES = 48 * 1000


@pytest.mark.parametrize(
    ("capability", "dtype"),
    [
        (75, torch.float16),
        (80, torch.bfloat16),
        (90, torch.float32),
        (90, torch.bfloat16),
        (100, torch.bfloat16),
        (120, torch.float16),
    ],
)
def test_loops_over_values_stay_within_the_multiprocessor(
    capability: int, dtype: torch.dtype
) -> None:
    built = build(dtype, GPUTarget("cuda", capability, 32), "table")
    ptx = built.asm["ptx"]
    reading = [loop for loop in loops(ptx) if "ld.global" in loop]
    assert len(reading) == 2, "whole tiles, and parts with every check"
    for loop in reading:
        assert not re.search(r"(atom|red)\S*\.global", loop)
        assert "f64" not in loop
        assert re.search(r"(atom|red)\S*\.shared", loop)
    values = count_triton.TILES[dtype].values // count_triton.LANES
    assert len(re.findall(r"atom\S*\.shared", reading[0])) == values, "one a value"
    assert len(re.findall(r"ld\.global\S*v4", reading[0])) == 8, "16 bytes a load"
    assert ".ftz" not in ptx, "denormals stay"
    assert not re.search(r"atom\S*\.global", ptx), "nothing waits for an atomic's result"
    assert built.metadata.shared <= MOST_SHARED_BYTES
    assert resources(built) == {"REG": pytest.approx(112, abs=16), "STACK": 0, "LOCAL": 0}


@pytest.mark.parametrize("capability", CUDA)
def test_the_kernel_of_slices_compiles_and_adds_once_a_slice(capability: int) -> None:
    dtype = torch.float32 if capability == 75 else torch.bfloat16
    for adjacent in (False, True):
        built = build_slices(dtype, GPUTarget("cuda", capability, 32), adjacent=adjacent)
        for loop in loops(built.asm["ptx"]):
            assert not re.search(r"(atom|red)\S*\.global", loop)
        used = resources(built)
        assert used["REG"] <= count_triton.MOST_REGISTERS
        assert (used["STACK"], used["LOCAL"]) == (0, 0)
        assert built.metadata.shared <= MOST_SHARED_BYTES


def test_the_kernel_of_slices_compiles_for_float64_and_rocm() -> None:
    assert resources(build_slices(torch.float64, GPUTarget("cuda", 90, 32), adjacent=False))["REG"]
    built = build_slices(torch.bfloat16, GPUTarget("hip", "gfx942", 64), adjacent=True)
    assert re.search(r"vgpr_spill_count:\s+0\b", built.asm["amdgcn"])


@pytest.mark.parametrize("way", ["table", "window"])
def test_float64_and_8_bit_floats_compile(way: count_triton.Way) -> None:
    for dtype in (torch.float64, torch.float8_e4m3fn):
        built = build(dtype, GPUTarget("cuda", 80, 32), way)
        assert resources(built)["STACK"] == 0
        assert built.metadata.shared <= MOST_SHARED_BYTES


def test_windows_compile_for_rocm() -> None:
    built = build(torch.bfloat16, GPUTarget("hip", "gfx942", 64), "window")
    assert built.metadata.shared <= MOST_SHARED_BYTES
    assert re.search(r"vgpr_spill_count:\s+0\b", built.asm["amdgcn"])
