"""The counting kernel beside a device copy and torch.histc, in the same run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import torch
from torch import Tensor

from bench.gpu.clock import Deadline, time_device_s
from tb_activation_hist.capture.count import CountBuffer, count_, kernel_name

MUST: Final = 1.3
"""Times that reading the values once may take, at most."""

DTYPES: Final = (torch.bfloat16, torch.float32, torch.float16)


def make_data(values: int, device: str) -> Iterator[tuple[str, Tensor]]:
    """Random, ReLU, zero, constant, two-valued, log-normal values, and one outlier in a million."""
    torch.manual_seed(0)
    random = torch.randn(values, device=device)
    yield "random", random
    yield "relu", random.relu()
    yield "zero", torch.zeros_like(random)
    yield "constant", torch.full_like(random, 0.5)
    yield "two-valued", torch.where(random > 0, 1.5, -1.5)
    yield "log-normal", (3 * random).clamp(-9, 9).exp()
    outliers = random.clone()
    outliers[:: 1 << 20] = 6e4
    yield "outliers", outliers


def measure(device: str, values: int, rounds: int, deadline: Deadline) -> dict[str, Any]:
    """GB/s of each; `times_read` is ours in units of reading the values once."""
    rows: list[dict[str, Any]] = []
    for name, data in make_data(values, device):
        for dtype in DTYPES:
            if deadline.over:
                return {"kernel": kernel_name(device), "rows": rows, "complete": False}
            rows.append(measure_one(device, name, data.to(dtype), rounds))
    return {"kernel": kernel_name(device), "rows": rows, "complete": True}


def measure_one(device: str, name: str, data: Tensor, rounds: int) -> dict[str, Any]:
    buffer = CountBuffer(1, device=device)
    buffer.switch.on = True
    other = torch.empty_like(data)

    def copy() -> None:
        other.copy_(data)

    def ours() -> None:
        count_(buffer, 0, data)

    def histc() -> Tensor:
        return data.float().histc(40, 0, 10)

    times = {}
    for way in (copy, ours, histc):
        way()
        times[way.__name__] = time_device_s(device, way, rounds)
        buffer.reset_()
    size = data.numel() * data.element_size()
    return {
        "data": name,
        "dtype": str(data.dtype).removeprefix("torch."),
        "values": data.numel(),
        "copy_gb_s": 2 * size / times["copy"] / 1e9,
        "ours_gb_s": size / times["ours"] / 1e9,
        "histc_gb_s": size / times["histc"] / 1e9,
        "times_read": times["ours"] / (times["copy"] / 2),
    }


def print_rows(found: dict[str, Any]) -> None:
    print(f"\nkernel {found['kernel']}: GB/s; a copy reads and writes, so half its time is a read")
    head = ("data", "copy", "ours", "histc", "ours / one read", "must")
    print(f"  {head[0]:24}" + "".join(f"{each:>16}" for each in head[1:]))
    for row in found["rows"]:
        figures = f"{row['copy_gb_s']:16.1f}{row['ours_gb_s']:16.1f}{row['histc_gb_s']:16.1f}"
        label = f"{row['dtype']} {row['data']}"
        print(f"  {label:24}{figures}{row['times_read']:15.2f}x{MUST:15.1f}x")
    if not found["complete"]:
        print("  the rest was left out: the time was over")
