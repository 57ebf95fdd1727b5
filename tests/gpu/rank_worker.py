"""One rank of `ranks_are_exact`; torchrun starts it with a folder and scenarios.

Each rank checks rank 0's run against what all ranks saw, so a failure ends them all.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.logdir_histograms import read_histograms
from tests.gpu.exact import assert_exact, make_batch, make_model
from tests.unit.scripts.witness import Step, Witness

STEPS = 3


def wrap(model: nn.Sequential, scenario: str) -> nn.Module:
    if scenario == "ddp":
        return DistributedDataParallel(model)
    for layer in (*model, model):
        if list(layer.parameters()):
            fully_shard(layer)
    return model


def run_scenario(scenario: str, folder: Path, device: str) -> None:
    model = make_model(device)
    witness = Witness(model, ("activations",))
    trained = wrap(model, scenario)
    with ActivationHistLogger(trained, folder / scenario, on_error="raise") as hist:
        for step in range(STEPS):
            trained(make_batch(device, 10 * step + dist.get_rank())).square().mean().backward()
            witness.end_step()
            hist.step()
    gathered: list[list[Step]] = [[] for _ in range(dist.get_world_size())]
    dist.all_gather_object(gathered, witness.seen)
    dist.barrier()
    joined = [
        {key: np.concatenate([own[step][key] for own in gathered]) for key in gathered[0][step]}
        for step in range(STEPS)
    ]
    assert_exact(read_histograms(folder / scenario)["."], joined)


def main(folder: Path, scenarios: list[str]) -> None:
    cuda = torch.cuda.is_available()
    dist.init_process_group("nccl" if cuda else "gloo")
    if cuda:
        torch.cuda.set_device(dist.get_rank() % torch.cuda.device_count())
    for scenario in scenarios:
        run_scenario(scenario, folder, "cuda" if cuda else "cpu")
    dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
