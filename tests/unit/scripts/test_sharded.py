"""Two processes, started by `accelerate launch`: Accelerate, DDP and FSDP2, every kind."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tb_activation_hist.storage.logdir_histograms import read_histograms
from tests.models import assert_counted
from tests.unit.scripts.sharded_worker import STEPS
from tests.unit.scripts.witness import Step

WORKER = Path(__file__).with_name("sharded_worker.py")
ROOT = WORKER.parents[3]
HAS_ACCELERATE = importlib.util.find_spec("accelerate") is not None
TORCHRUN = ("torch.distributed.run", "--nproc-per-node=2", "--standalone")
# The worker asks for the CPU; --cpu of the launcher would start one process only.
ACCELERATE = (
    *("accelerate.commands.launch", "--multi_gpu", "--num_processes=2", "--num_machines=1"),
    *("--mixed_precision=no", "--dynamo_backend=no", "--main_process_port=0"),
)


def launch(launcher: tuple[str, ...], folder: Path, *scenarios: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *launcher, str(WORKER), str(folder), *scenarios],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "ActivationHistWarning" not in done.stderr


def load_seen(folder: Path, scenario: str, step: int) -> Step:
    """What both ranks saw; of what each saw whole, the first one's."""
    first, second = (np.load(folder / f"{scenario}-{rank}-{step}.npz") for rank in (0, 1))
    whole = {"weights", "weight_gradients"} | (set() if scenario == "fsdp" else {"updates"})
    return {
        key: first[key] if key.split("/")[0] in whole else np.concatenate([first[key], second[key]])
        for key in first.files
    }


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All scenarios in the same two processes."""
    folder = tmp_path_factory.mktemp("sharded")
    if HAS_ACCELERATE:
        launch(ACCELERATE, folder, "accelerate", "ddp", "fsdp")
    else:
        launch(TORCHRUN, folder, "ddp", "fsdp")
    return folder


@pytest.mark.parametrize("scenario", ["ddp", "fsdp", "accelerate"])
def test_every_kind_is_that_of_the_whole_model(scenario: str, ranks: Path) -> None:
    """But for updates under FSDP: they are relative to the part of the weights that a rank has."""
    if scenario == "accelerate" and not HAS_ACCELERATE:
        pytest.skip("accelerate comes with transformers[torch]")
    run = read_histograms(ranks / scenario)["."]
    seen = [load_seen(ranks, scenario, step) for step in range(1, STEPS + 1)]
    outputs, given = run["0"], run["inputs/Sequential"]
    assert given.n.tolist() == (outputs.n // 7 * 4).tolist()
    counted = {key: series for key, series in run.items() if series is not given}
    assert set(counted) == {*seen[0]} == {*run} - {"inputs/Sequential"}
    assert len(counted) == 3 + 3 + 3 * 4
    for key, series in counted.items():
        assert series.steps.tolist() == list(range(1, STEPS + 1)), key
        assert_counted(series, [step[key] for step in seen])
