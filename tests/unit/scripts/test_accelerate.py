"""A training with Accelerate that is resumed from a checkpoint of its own."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

accelerate = pytest.importorskip("accelerate", reason="accelerate comes with transformers[torch]")

from tb_activation_hist.core.errors import ActivationHistWarning  # noqa: E402 - after the skip
from tb_activation_hist.recording.logger import ActivationHistLogger  # noqa: E402 - after the skip
from tb_activation_hist.storage.run_histograms import read_run  # noqa: E402 - after the skip


class Training:
    """What the process of one try has."""

    def __init__(self, optimizer: type[torch.optim.Optimizer] = torch.optim.AdamW) -> None:
        torch.manual_seed(0)
        self.accelerator = accelerate.Accelerator(cpu=True)
        plain = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.model, self.optimizer = self.accelerator.prepare(
                plain, optimizer(plain.parameters(), lr=0.01)
            )

    def steps(self, count: int) -> None:
        for _ in range(count):
            loss = self.model(torch.randn(5, 4)).square().mean()
            self.accelerator.backward(loss)
            self.optimizer.step()
            self.optimizer.zero_grad()

    def log(self, folder: Path, **options: Any) -> ActivationHistLogger:
        given = {"optimizer": self.optimizer, "on_error": "raise", **options}
        return ActivationHistLogger(self.model, folder, **given)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Of step 4; six steps stand in the run."""
    first = Training()
    with first.log(tmp_path / "run"):
        first.steps(4)
        first.accelerator.save_state(str(tmp_path / "state"))
        first.steps(2)
    return tmp_path / "state"


@pytest.mark.parametrize("loads_first", [True, False])
@pytest.mark.parametrize("folder", ["run", "new"])
def test_the_optimizers_own_count_is_the_step(
    tmp_path: Path, checkpoint: Path, folder: str, loads_first: bool
) -> None:
    again = Training()
    if loads_first:
        again.accelerator.load_state(str(checkpoint))
    with again.log(tmp_path / folder) as hist:
        if not loads_first:
            again.accelerator.load_state(str(checkpoint))
        again.steps(5)
        assert hist.steps == 9
    series = read_run(str(tmp_path / folder))["0"]
    assert series.steps.tolist() == list(range(1 if folder == "run" else 5, 10))
    assert series.n.tolist() == [5 * 8] * len(series)


@pytest.mark.parametrize("start", [4, np.int64(4), torch.tensor(4)], ids=["int", "numpy", "tensor"])
def test_a_given_start_counts_before_the_optimizers(
    tmp_path: Path, checkpoint: Path, start: Any
) -> None:
    """For optimizers that count nothing, and where the checkpoint has the step by itself."""
    for kind in (torch.optim.SGD, torch.optim.AdamW):
        again = Training(kind)
        if kind is torch.optim.AdamW:
            again.accelerator.load_state(str(checkpoint))
            start = 40
        folder = tmp_path / kind.__name__
        with again.log(folder, start_step=start):
            again.steps(3)
        first = int(start) + 1
        assert read_run(str(folder))["0"].steps.tolist() == [first, first + 1, first + 2]


def test_a_new_optimizer_goes_on_after_the_stored_steps(
    tmp_path: Path, checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert checkpoint.exists()
    again = Training()
    text = "weights at step 7 are not those"
    with caplog.at_level(logging.WARNING), again.log(tmp_path / "run"):
        with pytest.warns(ActivationHistWarning, match=text):
            again.steps(1)
        again.steps(1)
    assert "already holds steps up to 6" in caplog.text
    assert read_run(str(tmp_path / "run"))["0"].steps.tolist() == list(range(1, 9))
