"""One of two processes of test_sharded.py; torchrun or accelerate starts it.

Arguments: a folder, and scenarios out of ddp, fsdp and accelerate.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

from tb_activation_hist.recording.logger import ActivationHistLogger
from tests.models import tensor_to_values
from tests.unit.scripts.witness import EVERY_KIND, Step, Witness, relative_update

STEPS = 3


def make_model() -> nn.Sequential:
    torch.manual_seed(0)
    # Sizes that two ranks do not share evenly: of the last layer, one has two rows, one has one.
    return nn.Sequential(nn.Linear(4, 7), nn.Tanh(), nn.Linear(7, 3))


def to_whole(tensor: Tensor) -> Tensor:
    """The values of all ranks' shards together; a collective of all ranks."""
    whole = tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor
    return whole.detach()


def to_local(tensor: Tensor) -> Tensor:
    """A copy of the values that this rank has."""
    own = tensor.to_local() if hasattr(tensor, "to_local") else tensor
    return own.detach().clone()


def train(model: nn.Module, plain: nn.Module, optimizer: Any, hist: Any, backward: Any) -> list:
    """STEPS steps; what this rank saw.

    Weights and their gradients are as if nobody had split them, updates are this rank's own.
    """
    witness = Witness(plain, ("activations", "gradients"))
    torch.manual_seed(dist.get_rank() + 1)
    for _ in range(STEPS):
        backward(model(torch.randn(5, 4)).square().mean())
        named = dict(plain.named_parameters())
        seen: Step = {}
        before = {name: to_local(p) for name, p in named.items()}
        for name, p in named.items():
            seen[f"weight_gradients/{name}"] = tensor_to_values(to_whole(p.grad))
        optimizer.step()
        optimizer.zero_grad()
        for name, p in named.items():
            seen[f"weights/{name}"] = tensor_to_values(to_whole(p))
            change = relative_update(before[name], to_local(p))
            seen[f"updates/{name}"] = tensor_to_values(change)
        witness.end_step()
        witness.seen[-1].update(seen)
        hist.step(loss=1.0)
    return witness.seen


def run_scenario(scenario: str, folder: Path) -> None:
    plain = make_model()
    backward: Any = Tensor.backward
    model: nn.Module = plain
    if scenario == "fsdp":
        mesh = init_device_mesh("cpu", (dist.get_world_size(),))
        for layer in (plain[0], plain[2], plain):
            fully_shard(layer, mesh=mesh)
    elif scenario == "ddp":
        model = DistributedDataParallel(plain)
    optimizer: Any = torch.optim.Adam(model.parameters(), 0.01)
    if scenario == "accelerate":
        from accelerate import Accelerator

        accelerator = Accelerator(cpu=True)
        model, optimizer = accelerator.prepare(plain, optimizer)
        backward = accelerator.backward
    with ActivationHistLogger(model, folder / scenario, kinds=EVERY_KIND) as hist:
        seen = train(model, plain, optimizer, hist, backward)
    for step, values in enumerate(seen, start=1):
        np.savez(folder / f"{scenario}-{dist.get_rank()}-{step}.npz", **values)


def main(folder: Path, scenarios: list[str]) -> None:
    if "accelerate" in scenarios:
        from accelerate import PartialState

        PartialState(cpu=True)
    else:
        dist.init_process_group("gloo")
    for scenario in scenarios:
        run_scenario(scenario, folder)
        dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
