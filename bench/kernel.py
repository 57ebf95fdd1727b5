"""Nanoseconds per value of the counting kernels, beside what else people call in a hook.

Run: ``python -m bench.kernel [--values 1048576] [--rounds 40] [--device cuda]``

All ways run interleaved in one process, A B ... B A, and each figure is the least of all rounds, so
that other work on the machine disturbs the comparison little. The A/A band compares the first way
with itself, measured as if it were another one: a difference inside it is noise. "ours" counts
bins, totals and exact moments; torch.histc has 40 bins and no more; fastai's ``ActivationStats``
takes mean, std, the share near zero and histc.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

import torch
from torch import Tensor

from tb_activation_hist.capture import count_by_device, count_torch
from tb_activation_hist.capture.count import CountBuffer, count_, kernel_name

Way = Callable[[Tensor], object]
MUST_NS = 0.6


def make_data(values: int, device: str) -> dict[str, Tensor]:
    """Random, ReLU-like (half zeros), ReLU in patches of 64, one value, and all-zero values."""
    torch.manual_seed(0)
    random = torch.randn(values)
    patches = torch.randn(values // 64 + 1).repeat_interleave(64)[:values] > 0
    data = {
        "random": random,
        "relu": random.relu(),
        "patches": torch.where(patches, random.abs(), 0.0),
        "constant": torch.full((values,), 0.5),
        "zero": torch.zeros(values),
    }
    return {name: tensor.to(device) for name, tensor in data.items()}


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Our kernel with exactly so many threads, whatever the tensor's size."""
    before, share = torch.get_num_threads(), count_by_device.VALUES_PER_THREAD
    torch.set_num_threads(number)
    count_by_device.VALUES_PER_THREAD = 1 if number > 1 else 1 << 62  # type: ignore[misc]
    try:
        yield
    finally:
        torch.set_num_threads(before)
        count_by_device.VALUES_PER_THREAD = share  # type: ignore[misc]


def fastai_statistics(values: Tensor) -> tuple[float, float, float, Tensor]:
    """What ``ActivationStats(with_hist=True)`` takes of an output, as its documentation says."""
    exact = values.float()
    near_zero = (exact <= 0.05).long().sum().item() / exact.numel()
    return exact.mean().item(), exact.std().item(), near_zero, exact.histc(40, 0, 10)


def make_ways(device: str) -> dict[str, tuple[int, Way]]:
    """Name -> (threads, what is done with the values)."""
    buffer = CountBuffer(1, device=device)
    buffer.switch.on = True
    plain = CountBuffer(1, device=device)
    row = plain.counts[0], plain.totals[0], plain.moments[0]

    def ours(values: Tensor) -> None:
        count_(buffer, 0, values)

    def fallback(values: Tensor) -> None:
        count_torch.count(row, values, plain.scheme)

    def histc(values: Tensor) -> Tensor:
        return values.float().histc(40, 0, 10)

    return {
        "ours": (1, ours),
        "ours again": (1, ours),
        "ours, 2 threads": (2, ours),
        "ours in torch": (2, fallback),
        "histc, 1 thread": (1, histc),
        "histc, 2 threads": (2, histc),
        "fastai, 2 threads": (2, fastai_statistics),
    }


def time_once(way: Way, values: Tensor) -> float:
    """Seconds of one call, the device's work included."""
    if values.is_cuda:
        torch.cuda.synchronize()
    start = time.perf_counter()
    way(values)
    if values.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start


def measure(ways: dict[str, tuple[int, Way]], values: Tensor, rounds: int) -> dict[str, float]:
    """Fewest nanoseconds per value of each variant."""
    best = dict.fromkeys(ways, float("inf"))
    for turn in range(rounds):
        order = list(ways) if turn % 2 == 0 else list(reversed(ways))
        for name in order:
            number, way = ways[name]
            with threads(number):
                way(values[:64])
                best[name] = min(best[name], time_once(way, values))
    return {name: seconds / values.numel() * 1e9 for name, seconds in best.items()}


def processor() -> str:
    """The processor's name, as far as the system tells."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--values", type=int, default=1 << 20, help="values in a tensor")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    where = processor() if options.device == "cpu" else torch.cuda.get_device_name()
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    print(f"{now}, {where}, Python {platform.python_version()}, torch {torch.__version__}")
    print(f"kernel {kernel_name(options.device)}, {options.values:,} values, ns per value\n")
    ways = make_ways(options.device)
    print(f"{'':20}" + "".join(f"{name:>18}" for name in ways))
    bands = []
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        for name, values in make_data(options.values, options.device).items():
            found = measure(ways, values.to(dtype), options.rounds)
            bands.append(found["ours again"] / found["ours"])
            label = f"{str(dtype).removeprefix('torch.')} {name}"
            print(f"{label:20}" + "".join(f"{ns:18.2f}" for ns in found.values()), flush=True)
    print(f"\nA/A band: {min(bands) - 1:+.1%} to {max(bands) - 1:+.1%}. Must: {MUST_NS} ns.")


if __name__ == "__main__":
    main()
