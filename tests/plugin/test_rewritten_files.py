"""Trainings that go on, or begin again, as both loaders of TensorBoard show them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.recording.logger import ActivationHistLogger
from tests.plugin.logdirs import (
    RunFile,
    healthy_values,
    later,
    write_run,
)
from tests.plugin.tensorboard_process import running_tensorboard, tiles
from tests.series import values_to_series


@pytest.mark.parametrize("fast", ["true", "false"])
def test_an_abandoned_tail_is_not_shown_by_either_loader(fast: str, tmp_path: Path) -> None:
    """100 records; then a second process begins again at step 40 and ends at step 59."""
    series = values_to_series(healthy_values(100, 300, relu=True))
    again = later(series.take(slice(0, 20)), 40, 1000.0)
    write_run(tmp_path / "logs", "run", {"conv1": series}, suffix=".0")
    write_run(tmp_path / "logs", "run", {"conv1": again}, session=2, suffix=".1")
    flags = (f"--logdir={tmp_path / 'logs'}", f"--load_fast={fast}")
    with running_tensorboard(tmp_path, *flags) as server:
        server.wait_for_series(1)
        (tile,) = tiles(server, {"run": "run", "tag": "activations/conv1", "rows": 0})
        assert tile["arrays"]["first_step"].tolist() == list(range(60))
        np.testing.assert_array_equal(tile["arrays"]["mean"][40:], again.mean)
        (told,) = server.plugin("index").json["warnings"]
        assert told.startswith(
            "Run 'run': A later training in this directory started again at step"
        )


@pytest.mark.parametrize("fast", ["true", "false"])
def test_new_records_appear_and_an_own_sampling_flag_wins(tmp_path: Path, fast: str) -> None:
    file = RunFile(tmp_path / "logs", "run")
    series, info = values_to_series(healthy_values(96, 50)), LayerInfo("conv1")
    file.add_series(info, series.take(slice(0, 64)), block_records=4)
    file.flush()
    with running_tensorboard(
        tmp_path,
        f"--logdir={tmp_path / 'logs'}",
        f"--load_fast={fast}",
        "--reload_interval=1",
        "--samples_per_plugin=activation_hist=12",
        "--path_prefix=/some/where",
    ) as server:
        server.root += "some/where/"
        revision = server.wait_for_series(1, 60)["revision"]
        (tile,) = tiles(server, {"run": "run", "tag": info.tag})
        assert (tile["records"], tile["missing"]) == (48, 16)
        assert "dropped 16 of 64 records" in tile["hint"]
        assert "--samples_per_plugin=activation_hist=0" in tile["hint"]
        file.add_series(info, series.take(slice(64, 96)), block_records=4)
        file.close()
        assert server.wait_for_series(1, 92)["revision"] != revision
        (tile,) = tiles(server, {"run": "run", "tag": info.tag})
        assert (tile["records"], tile["missing"], tile["last_step"]) == (48, 48, 95)


@pytest.mark.parametrize("fast", ["true", "false"])
def test_steps_written_again_are_no_sampling(tmp_path: Path, fast: str) -> None:
    """One logger writes steps 0 to 99, then 49 to 69: the fast loader drops two blocks."""
    series, info = values_to_series(healthy_values(100, 50)), LayerInfo("conv1")
    again = later(series.take(slice(0, 21)), 49, 1000.0)
    file = RunFile(tmp_path / "logs", "run")
    file.add_series(info, series)
    file.add_series(info, again)
    file.close()
    with running_tensorboard(
        tmp_path, f"--logdir={tmp_path / 'logs'}", f"--load_fast={fast}"
    ) as server:
        server.wait_for_series(1, 49)
        (tile,) = tiles(server, {"run": "run", "tag": info.tag})
        assert (tile["records"], tile["missing"], tile["hint"]) == (70, 0, "")
        (warning,) = server.plugin("index").json["warnings"]
        assert "started again at step 49," in warning


@pytest.mark.parametrize("fast", ["true", "false"])
def test_a_training_begun_again_is_reported_by_both_loaders(tmp_path: Path, fast: str) -> None:
    """The fast loader drops all blocks that the second training replaces: no block shows it."""
    logs, model = tmp_path / "logs", nn.Linear(2, 2)
    for first, last in ((1, 100), (65, 70)):
        with ActivationHistLogger(model, logs / "run", start_step=first - 1) as hist:
            for _ in range(first, last + 1):
                model(torch.ones(3, 2))
                hist.step()
    with running_tensorboard(tmp_path, f"--logdir={logs}", f"--load_fast={fast}") as server:
        server.wait_for_series(1, 65)
        for _ in range(2):
            (warning,) = server.plugin("index").json["warnings"]
            assert warning.startswith("Run 'run': A later training")
            assert "started again at step 65," in warning
            (tile,) = tiles(server, {"run": "run", "tag": "activations/Linear"})
            assert (tile["records"], tile["missing"]) == (70, 0)
