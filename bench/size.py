"""Bytes and microseconds per layer and record, ours beside ``SummaryWriter.add_histogram``.

ResNet-18 (torchvision) trains on MNIST, 28x28, batch 64, at lr 1e-2, with all its leaf modules
recorded at every step; the same activations go to ``add_histogram`` in some of these steps. Blocks
are of 32 records however slow the machine is; what shorter ones would take is worked out after.
Run it as ``python -m bench.size [--steps N]``.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import torch
from tensorboard.compat.proto.event_pb2 import Event
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter
from torchvision.models import resnet18

from demo.mnist import load_mnist
from tb_activation_hist import ActivationHistLogger
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import SUMMARY_PREFIXES
from tb_activation_hist.storage.codec import MAGIC, encode_block
from tb_activation_hist.storage.event_file_reader import find_event_files, scan_events
from tb_activation_hist.storage.run_histograms import read_run

PEER_EVERY = 8
MUST = 500
"""Bytes that a layer and record may take, all parts of the file together."""


def batches(steps: int) -> Iterator[tuple[Tensor, Tensor]]:
    mnist = load_mnist()
    images = torch.tensor(mnist.train_images[: 64 * steps]).reshape(-1, 1, 28, 28)
    labels = torch.tensor(mnist.train_labels[: 64 * steps]).long()
    for at in range(0, len(images), 64):
        yield (images[at : at + 64] / 255).expand(-1, 3, -1, -1), labels[at : at + 64]


def train(ours: str, peer: SummaryWriter, steps: int) -> tuple[int, int]:
    """Number of layers, and of steps that the peer recorded."""
    torch.manual_seed(0)
    model = resnet18(num_classes=10)
    leaves = {name: m for name, m in model.named_modules() if not list(m.children())}
    seen: dict[str, Tensor] = {}
    peer_steps = 0
    for name, module in leaves.items():
        module.register_forward_hook(keep(name, seen))
    optimizer = torch.optim.SGD(model.parameters(), 1e-2, momentum=0.9)
    with ActivationHistLogger(model, ours, flush_s=1e6) as hist:
        for step, (images, labels) in enumerate(batches(steps)):
            loss = nn.functional.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            hist.step(loss=loss)
            if step % PEER_EVERY == 0:
                peer_steps += 1
                for name, values in seen.items():
                    peer.add_histogram(name, values, step)
    peer.close()
    return len(leaves), peer_steps


def keep(name: str, seen: dict[str, Tensor]):  # noqa: ANN201 - a closure
    def hook(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        seen[name] = output.detach()

    return hook


def bytes_by_part(logdir: str) -> dict[str, int]:
    """Bytes of our event file: blocks, points for stock dashboards, the rest."""
    parts: dict[str, int] = defaultdict(int)
    for path in find_event_files(logdir):
        with path.open() as file:
            for _, data in scan_events(file):
                parts[event_part(Event.FromString(data))] += len(data) + 16
    return parts


def event_part(event: Event) -> str:
    values = event.summary.value
    if not values:
        return "rest"
    if values[0].tag.startswith(SUMMARY_PREFIXES):
        return "stock histograms and scalars"
    strings = values[0].tensor.string_val
    return "blocks" if strings and strings[0].startswith(MAGIC) else "rest"


def blocks(logdir: str, records: int) -> list[HistogramSeries]:
    """All records in blocks of this length."""
    parts = []
    for series in read_run(logdir).values():
        for at in range(0, len(series) - records + 1, records):
            part = series.take(slice(at, at + records))
            used = part.bin_counts.any(axis=0)
            parts.append(
                replace(part, bins=part.bins[used], bin_counts=part.bin_counts[:, used].copy())
            )
    return parts


def encode(parts: list[HistogramSeries], records: int) -> tuple[float, float]:
    """Bytes, and least CPU time in microseconds, per layer and record."""
    best, size = float("inf"), 0
    for _ in range(3):
        began = time.thread_time()
        size = sum(len(encode_block(part, 0, 0)) for part in parts)
        best = min(best, time.thread_time() - began)
    number = len(parts) * records
    return size / number, best / number * 1e6


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=128)
    steps = parser.parse_args().steps
    with tempfile.TemporaryDirectory() as folder:
        ours, peer = f"{folder}/ours", f"{folder}/peer"
        layers, peer_steps = train(ours, SummaryWriter(peer), steps)
        now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
        print(f"{now}, Python {platform.python_version()}, torch {torch.__version__}")
        print(f"ResNet-18, {layers} layers, {steps} steps; bytes per layer and record")
        parts = bytes_by_part(ours)
        for part, size in sorted(parts.items()):
            print(f"  ours, {part:30s} {size / (layers * steps):8.0f}")
        whole = sum(path.stat().st_size for path in Path(ours).iterdir())
        print(
            f"  ours, {'the whole event file':30s} {whole / (layers * steps):8.0f}   must: {MUST}"
        )
        size = sum(path.stat().st_size for path in Path(peer).iterdir())
        print(f"  add_histogram {' ' * 22} {size / (layers * peer_steps):8.0f}")
        for records in (32, 16, 8, 4, 1):
            each, us = encode(blocks(ours, records), records)
            print(f"  blocks of {records:2d} records: {each:5.0f} bytes, {us:5.1f} us to encode")


if __name__ == "__main__":
    main()
