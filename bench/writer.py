"""What a record costs the writer's thread, and how much a training thread feels of it.

60 layers of 50,000 normal or ReLU-like values. CPU time per record bounds how long the thread can
hold the interpreter; the spin row is the share of pure-Python work a thread loses while records are
written at the given rate (with an A/A row for the noise). Run it as ``python -m bench.writer``.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator

import numpy as np

from tb_activation_hist.capture.count import CountBuffer, HostCounts, count_
from tb_activation_hist.config import WriterOptions
from tb_activation_hist.names import LayerInfo
from tb_activation_hist.writer import Record, RunWriter

LAYERS = 60
VALUES = 50_000
RECORDS = 128
RATE_S = 0.1
"""Seconds between the records of the spin test."""


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


def hosts(number: int) -> Iterator[HostCounts]:
    import torch

    buffer = CountBuffer(LAYERS)
    buffer.switch.on = True
    torch.manual_seed(0)
    pools = [torch.randn(VALUES * 4) * 2 ** (row % 5 - 2) for row in range(LAYERS)]
    for _ in range(number):
        for row, pool in enumerate(pools):
            at = int(torch.randint(0, VALUES * 3, ()))
            values = pool[at : at + VALUES]
            count_(buffer, row, values.relu() if row % 2 else values)
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


def spins_per_s(seconds: float) -> float:
    count, end = 0, time.thread_time() + seconds
    began = time.perf_counter()
    while time.thread_time() < end:
        count += sum(range(1000)) > 0
    return count / (time.perf_counter() - began)


def spin_share() -> tuple[float, float]:
    """Spins with records being written, relative to without; and without relative to without."""
    ready = list(hosts(24))
    with tempfile.TemporaryDirectory() as folder:
        quiet = [spins_per_s(1.0)]
        writer = RunWriter(folder)
        feeder = threading.Thread(target=feed, args=(writer, ready))
        feeder.start()
        busy = spins_per_s(2.0)
        feeder.join()
        writer.close()
        quiet.append(spins_per_s(1.0))
    return busy / np.mean(quiet), quiet[0] / quiet[1]


def feed(writer: RunWriter, ready: list[HostCounts]) -> None:
    for step, host in enumerate(ready, 1):
        writer.write(Record(step, time.time(), layers(), host))
        time.sleep(RATE_S)


def main() -> None:
    blocks_only = WriterOptions(histogram_points=0, scalar_points=0, flush_s=60)
    print(f"{LAYERS} layers, {RECORDS} records: CPU time of the writer's thread per record")
    print(f"  blocks alone                {cpu_ms(blocks_only):6.2f} ms")
    print(f"  with stock points, default  {cpu_ms(WriterOptions(flush_s=60)):6.2f} ms")
    print(f"  with a flush every 4 records{cpu_ms(WriterOptions(block_records=4)):6.2f} ms")
    busy, band = spin_share()
    print(f"Python work beside a record every {RATE_S:g} s: x{busy:.3f} (A/A: x{band:.3f})")


if __name__ == "__main__":
    main()
