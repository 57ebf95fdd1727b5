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
from tests.unit.capture.triton_builds import build, loops, resources  # noqa: E402

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
