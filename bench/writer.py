"""What a record costs the writer's thread, and how much a training thread feels of it.

60 layers of 50,000 normal or ReLU-like values. CPU time per record bounds how long the thread can
hold the interpreter. The spinning thread stands for a training: what share of its time
it loses while another thread records, and its longest pause, by turns without a writer, with ours
and with ``SummaryWriter.add_histogram`` of the same layers at the same rate.
Run it as ``python -m bench.writer [--rounds N]``.
"""

from __future__ import annotations

import argparse
import itertools
import platform
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple

from bench.kernel import processor
from tb_activation_hist.capture.count import CountBuffer, HostCounts, count_
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.recording.options import WriterOptions
from tb_activation_hist.storage.writer import Record, RunWriter

if TYPE_CHECKING:
    from torch import Tensor

Work = Callable[[int], None]
LAYERS = 60
VALUES = 50_000
RECORDS = 128
RATE_S = 0.1
"""Seconds between the records of the spin test."""
SPIN_S = 1.0
"""Seconds of a turn of the spin test."""


class TimedWriter(RunWriter):
    """Adds up the CPU time of the thread."""

    cpu_s = 0.0

    def store(self, record: Record) -> None:
        began = time.thread_time()
        super().store(record)
        self.cpu_s += time.thread_time() - began

    def save(self, *, final: bool) -> None:
        began = time.thread_time()
        super().save(final=final)
        self.cpu_s += time.thread_time() - began


def tensors() -> Iterator[Tensor]:
    """Outputs of the layers, one after the other, for ever."""
    import torch

    torch.manual_seed(0)
    pools = [torch.randn(VALUES * 4) * 2 ** (row % 5 - 2) for row in range(LAYERS)]
    for row in itertools.cycle(range(LAYERS)):
        at = int(torch.randint(0, VALUES * 3, ()))
        values = pools[row][at : at + VALUES]
        yield values.relu() if row % 2 else values


def hosts(number: int) -> Iterator[HostCounts]:
    buffer = CountBuffer(LAYERS)
    buffer.switch.on = True
    outputs = tensors()
    for _ in range(number):
        for row in range(LAYERS):
            count_(buffer, row, next(outputs))
        yield buffer.to_host()


def layers() -> list[LayerInfo]:
    return [LayerInfo(f"layer{row // 15}.conv{row}", order=row) for row in range(LAYERS)]


def cpu_ms(options: WriterOptions) -> float:
    with tempfile.TemporaryDirectory() as folder:
        writer = TimedWriter(folder, options=options)
        for step, host in enumerate(hosts(RECORDS), 1):
            writer.write(Record(step, time.time(), layers(), host))
        writer.close()
        return 1e3 * writer.cpu_s / RECORDS


class Spin(NamedTuple):
    """What a thread of pure Python got of the time, and its longest pause."""

    spins_per_s: float
    longest_ms: float


def spin(seconds: float) -> Spin:
    """Look at the clock as often as possible."""
    spins, longest = 0, 0.0
    began = last = time.perf_counter()
    while last - began < seconds:
        now = time.perf_counter()
        longest = max(longest, now - last)
        last = now
        spins += 1
    return Spin(spins / (last - began), 1e3 * longest)


def spin_beside(work: Work | None) -> Spin:
    """Spin while another thread does `work` every `RATE_S` seconds."""
    if work is None:
        return spin(SPIN_S)
    done = threading.Event()

    def feed() -> None:
        for step in itertools.count(1):
            work(step)
            if done.wait(RATE_S):
                return

    feeder = threading.Thread(target=feed)
    feeder.start()
    found = spin(SPIN_S)
    done.set()
    feeder.join()
    return found


def spin_table(rounds: int) -> dict[str, list[Spin]]:
    """The ways in turn, A B C D D C B A ..."""
    from torch.utils.tensorboard import SummaryWriter

    ready = itertools.cycle(list(hosts(16)))
    outputs = [values for values, _ in zip(tensors(), range(LAYERS), strict=False)]
    with tempfile.TemporaryDirectory() as folder:
        writer, peer = RunWriter(f"{folder}/ours"), SummaryWriter(f"{folder}/peer")

        def ours(_step: int) -> None:
            host = next(ready)
            writer.write(Record(next(steps), time.time(), layers(), host))

        def add_histogram(step: int) -> None:
            for row, values in enumerate(outputs):
                peer.add_histogram(f"layer{row}", values, step)

        steps = itertools.count(1)
        ways: dict[str, Work | None] = {
            "alone": None,
            "beside our writer": ours,
            "beside SummaryWriter.add_histogram": add_histogram,
            "alone again (A/A)": None,
        }
        found: dict[str, list[Spin]] = {name: [] for name in ways}
        for turn in range(rounds):
            for name in list(ways) if turn % 2 == 0 else list(ways)[::-1]:
                found[name].append(spin_beside(ways[name]))
        writer.close()
        peer.close()
    return found


def report_spins(found: dict[str, list[Spin]]) -> None:
    print(f"a thread that spins on the clock, a record every {RATE_S:g} s, {SPIN_S:g} s a turn")
    print(f"  {'':36}{'time lost: median':>18}{'longest pause: median':>24}{'least':>10}")
    base = found["alone"]
    for name, spins in found.items():
        lost = [1 - s.spins_per_s / b.spins_per_s for s, b in zip(spins, base, strict=True)]
        pauses = [s.longest_ms for s in spins]
        print(
            f"  {name:36}{statistics.median(lost):18.1%}"
            f"{statistics.median(pauses):21.1f} ms{min(pauses):7.1f} ms"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    print(f"{now}, {processor()}, Python {platform.python_version()}")
    blocks_only = WriterOptions(histogram_points=0, scalar_points=0, flush_s=60)
    print(f"{LAYERS} layers, {RECORDS} records: CPU time of the writer's thread per record")
    print(f"  blocks alone                {cpu_ms(blocks_only):6.2f} ms")
    print(f"  with TensorBoard points, default  {cpu_ms(WriterOptions(flush_s=60)):6.2f} ms")
    print(f"  with a flush every 4 records{cpu_ms(WriterOptions(block_records=4)):6.2f} ms")
    report_spins(spin_table(rounds))


if __name__ == "__main__":
    main()
