"""One rank of test_distributed.py; torchrun starts it with a folder and scenarios."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

from tb_activation_hist.recording.logger import ActivationHistLogger
from tests.models import Tap

STEPS = 4
THINNED_STEPS = 40
ALONE = ("ends early", "vanishes", "records nothing")
"""Scenarios whose ranks do not do the same, so no collective may join them."""


def make_model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))


def train(model: nn.Module, hist: ActivationHistLogger, tap: Tap, steps: int) -> list[dict]:
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    seen = []
    for _ in range(steps):
        x = torch.randn(5, 4)
        model(x).square().mean().backward()
        hist.record("batch", x)
        gradients = {f"weight_gradients/{name}": p.grad for name, p in named_parameters(model)}
        optimizer.step()
        whole = gradients | {f"weights/{name}": p for name, p in named_parameters(model)}
        whole |= {"batch": x}
        seen.append(tap.take() | {key: to_array(tensor) for key, tensor in whole.items()})
        optimizer.zero_grad()
        hist.step(loss=1.0)
    return seen


def named_parameters(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """Their names without the wrappers'."""
    return [(name.removeprefix("module."), p) for name, p in model.named_parameters()]


def to_array(tensor: torch.Tensor) -> np.ndarray:
    """All values of a parameter or gradient, of its shards too; a collective of all ranks."""
    whole = tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor
    return whole.detach().numpy().ravel().copy()


def wrap(model: nn.Module, scenario: str) -> nn.Module:
    """The model as this scenario trains it: FSDP2 over all ranks or over pairs (HSDP), or DDP."""
    if scenario in ("fsdp", "hsdp"):
        size = dist.get_world_size()
        shape = (size,) if scenario == "fsdp" else (2, size // 2)
        names = ("copies", "shards")[-len(shape) :]
        mesh = init_device_mesh("cpu", shape, mesh_dim_names=names)
        fully_shard(model[0], mesh=mesh)
        fully_shard(model, mesh=mesh)
        return model
    return model if scenario in ALONE else DistributedDataParallel(model)


def run_scenario(scenario: str, folder: Path) -> None:
    rank = dist.get_rank()
    model = make_model()
    tap = Tap(model)
    torch.manual_seed(rank + 1)
    trained = wrap(model, scenario)
    hist = ActivationHistLogger(
        trained,
        folder / "run",
        rank_timeout_s=3.0,
        kinds=("activations", "weights", "weight_gradients"),
        split={"*.weight": 0, "0": -1},
        per_rank=scenario == "per_rank",
        merge_ranks=scenario != "apart",
        overhead_budget=1e-6 if scenario == "thinned" else 0.05,
    )
    if scenario == "records nothing" and rank == 1:
        for _ in range(STEPS):
            trained(torch.randn(5, 4)).square().mean().backward()
        seen = []
    else:
        steps = THINNED_STEPS if scenario == "thinned" else STEPS
        seen = train(trained, hist, tap, max(steps - 2 * rank * (scenario == "ends early"), 0))
    if scenario == "vanishes" and rank:
        os._exit(0)
    hist.close()
    for step, values in enumerate(seen, start=1):
        np.savez(folder / f"seen-{rank}-{step}.npz", **values)


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
