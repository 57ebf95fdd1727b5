"""The Triton kernel: its arithmetic in Triton's interpreter, its compilation, and on a GPU."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tb_activation_hist.capture.count import CountBuffer, count_, kernel_name
from tests.unit.capture.counted import check_device_row

ROOT = Path(__file__).parents[3]
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


def _run(*arguments: str, **environment: str) -> str:
    """Standard output of a fresh Python: the interpreter must be chosen before the import."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("way", ["table", "window"])
def test_rows_in_the_interpreter(way: str) -> None:
    pytest.importorskip("triton", reason="Triton is not installed (it needs Linux)")
    out = _run("-m", "tests.unit.capture.triton_rows", "cpu", way, TRITON_INTERPRET="1")
    assert out.endswith("all rows agree\n")


def test_values_beyond_the_first_two_thousand_millions_in_the_interpreter() -> None:
    pytest.importorskip("triton", reason="Triton is not installed (it needs Linux)")
    out = _run("-m", "tests.unit.capture.triton_far", TRITON_INTERPRET="1")
    assert out.endswith("all rows agree\n")


@needs_gpu
def test_rows_on_the_gpu() -> None:
    out = _run("-m", "tests.unit.capture.triton_rows", "cuda")
    assert out.endswith("all rows agree\n")


@needs_gpu
@pytest.mark.parametrize("kernel", ["triton", "torch"])
def test_to_host_from_the_gpu(kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if kernel == "torch":
        monkeypatch.setattr(
            "tb_activation_hist.capture.count_by_device.triton_kernel", lambda: None
        )
    else:
        assert kernel_name("cuda").startswith("triton")
    buffer = CountBuffer(2, device="cuda")
    buffer.switch.on = True
    values = torch.randn(100_000)
    with torch.cuda.device(0):
        torch.cuda.set_sync_debug_mode("error")
        try:
            given = values.pin_memory().to("cuda", non_blocking=True)
            count_(buffer, 1, given)
            host = buffer.to_host()
        finally:
            torch.cuda.set_sync_debug_mode("default")
    check_device_row(host, 1, values, 1e-5)


@needs_gpu
def test_captured_in_a_cuda_graph_the_switch_is_obeyed() -> None:
    buffer = CountBuffer(1, device="cuda")
    values = torch.randn(10_000, device="cuda")
    buffer.switch.on = True
    count_(buffer, 0, values)  # compiles the kernel, which a capture may not do
    buffer.reset_()
    buffer.switch.on = False
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        count_(buffer, 0, values)
    for on in (True, False, True):
        buffer.switch.on = on
        graph.replay()
    host = buffer.to_host()
    check_device_row(host, 0, torch.cat([values.cpu(), values.cpu()]), 1e-5)
