"""One rank of test_distributed.py; torchrun starts it with a folder and scenarios."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

from tb_activation_hist.logger import ActivationHistLogger
from tests.models import Tap

STEPS = 4


def make_model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))


def train(model: nn.Module, hist: ActivationHistLogger, tap: Tap, steps: int) -> list[dict]:
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    seen = []
    for _ in range(steps):
        model(torch.randn(5, 4)).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()
        seen.append(tap.take())
        hist.step(loss=1.0)
    return seen


def run_scenario(scenario: str, folder: Path) -> None:
    rank = dist.get_rank()
    model = make_model()
    tap = Tap(model)
    torch.manual_seed(rank + 1)
    trained: nn.Module = model
    if scenario == "fsdp":
        fully_shard(model[0])
        fully_shard(model)
    elif scenario not in ("ends early", "vanishes"):
        trained = DistributedDataParallel(model)
    hist = ActivationHistLogger(
        trained,
        folder / "run",
        rank_timeout_s=3.0,
        kinds=("activations", "weights", "weight_gradients"),
        per_rank=scenario == "per_rank",
        merge_ranks=scenario != "apart",
    )
    if scenario == "records nothing" and rank:
        for _ in range(STEPS):
            trained(torch.randn(5, 4)).square().mean().backward()
        seen = []
    else:
        seen = train(trained, hist, tap, STEPS - 2 * rank * (scenario == "ends early"))
    if scenario == "vanishes" and rank:
        os._exit(0)
    hist.close()
    for step, values in enumerate(seen, start=1):
        np.savez(folder / f"seen-{rank}-{step}.npz", **values)
    save_weights(model, folder)


def save_weights(model: nn.Module, folder: Path) -> None:
    whole = {
        name: (p.full_tensor() if hasattr(p, "full_tensor") else p).detach().numpy().ravel()
        for name, p in model.named_parameters()
    }
    if dist.get_rank() == 0:
        np.savez(folder / "weights.npz", **whole)


def main(folder: Path, scenarios: list[str]) -> None:
    dist.init_process_group("gloo")
    for scenario in scenarios:
        home = folder / scenario
        home.mkdir(exist_ok=True)
        run_scenario(scenario, home)
        if scenario != "vanishes":
            dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
