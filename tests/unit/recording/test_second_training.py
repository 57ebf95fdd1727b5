"""A second training in one run: with the weights of the first, or with others."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import pytest
import torch
from torch import nn

from tb_activation_hist.cli import main
from tb_activation_hist.core.errors import ActivationHistWarning
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.recording.run_findings import find_directory_findings
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tb_activation_hist.storage.run_histograms import read_run
from tb_activation_hist.storage.writer import RunWriter

STEPS = 40


def make_model(seed: int = 0, width: int = 32) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(8, width), nn.ReLU(), nn.Linear(width, 4))


def train(
    model: nn.Module, target: Path | RunWriter | MemoryWriter, start_step: int | None = None
) -> list[str]:
    """Train on a fixed task, and return the warnings about weights."""
    generator = torch.Generator().manual_seed(5)
    task = torch.randn(8, 4, generator=generator)
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(parameters, lr=0.03)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ActivationHistWarning)
        with ActivationHistLogger(model, target, start_step=start_step) as hist:
            for _ in range(STEPS):
                x = torch.randn(16, 8, generator=generator)
                loss = (model(x) - x @ task).square().mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                hist.step(loss=loss)
    return [str(each.message) for each in caught if "weights at step" in str(each.message)]


def trained(tmp_path: Path) -> nn.Sequential:
    model = make_model()
    assert train(model, tmp_path) == []
    return model


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)


@pytest.mark.parametrize("seed", [0, 1], ids=["the same seed", "another seed"])
@pytest.mark.parametrize("start_step", [None, STEPS], ids=["again", "resumed"])
def test_other_weights_are_reported_and_only_the_later_training_is_judged(
    seed: int, start_step: int | None, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    trained(tmp_path)
    (text,) = train(make_model(seed), tmp_path, start_step)
    assert text.startswith(f"The weights at step {STEPS + 1} are not those")
    assert read_run(tmp_path).info["other_weights_from"] == STEPS + 1
    assert [f.title for f in find_directory_findings(str(tmp_path)) if f.severity != "info"] == []
    assert main(["report", str(tmp_path), "--fail-on", "warning"]) == 0
    assert text in capsys.readouterr().err


def test_the_first_of_two_trainings_does_not_explain_the_second(tmp_path: Path) -> None:
    trained(tmp_path)
    model = make_model(3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(0.05)
    train(model, tmp_path)
    findings = find_directory_findings(str(tmp_path))
    assert all(finding.first_step > STEPS for finding in findings)


@pytest.mark.parametrize("start_step", [None, STEPS])
def test_the_same_weights_continue_the_training(start_step: int | None, tmp_path: Path) -> None:
    model = trained(tmp_path)
    assert train(model, tmp_path, start_step) == []
    assert "other_weights_from" not in read_run(tmp_path).info


def test_a_checkpoint_that_is_loaded_behind_the_logger_continues_the_training(
    tmp_path: Path,
) -> None:
    state = trained(tmp_path).state_dict()
    model = make_model(7)
    once = model.register_forward_pre_hook(lambda *_: model.load_state_dict(state))
    x = torch.ones(2, 8)
    with warnings.catch_warnings(), ActivationHistLogger(model, tmp_path) as hist:
        warnings.simplefilter("error", ActivationHistWarning)
        model.load_state_dict(state)
        once.remove()
        model(x)
        hist.step()


def test_an_older_checkpoint_continues_the_training(tmp_path: Path) -> None:
    model = trained(tmp_path)
    older = {name: values.clone() for name, values in model.state_dict().items()}
    train(model, tmp_path)
    model.load_state_dict(older)
    assert train(model, tmp_path, STEPS) == []


def test_a_frozen_trunk_tells_nothing(tmp_path: Path) -> None:
    def make(seed: int) -> nn.Sequential:
        trunk, head = make_model(0)[:2].requires_grad_(False), make_model(seed)[2]
        return nn.Sequential(*trunk, head)

    model = make(1)
    train(model, tmp_path)
    assert train(model, tmp_path) == []
    assert len(train(make(2), tmp_path)) == 1


def test_a_third_training_keeps_where_the_second_began(tmp_path: Path) -> None:
    trained(tmp_path)
    model = make_model(1)
    train(model, tmp_path)
    assert train(model, tmp_path) == []
    assert read_run(tmp_path).info["other_weights_from"] == STEPS + 1
    assert train(make_model(2), tmp_path, start_step=10) == []
    assert "other_weights_from" not in read_run(tmp_path).info


def test_another_network_has_other_weights(tmp_path: Path) -> None:
    trained(tmp_path)
    other = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 32), nn.Linear(32, 4))
    assert len(train(nn.Sequential(other), tmp_path)) == 1


def test_a_writer_that_two_loggers_use_in_turn_knows_it_too() -> None:
    memory = MemoryWriter()
    train(make_model(), memory)
    assert len(train(make_model(1), memory, start_step=STEPS)) == 1


@pytest.mark.parametrize("damaged", [None, "x", ["x"], ["QUJD QUJD a"], ["?? ?? a"], [5]])
def test_damaged_notes_of_weights_are_none(damaged: object, tmp_path: Path) -> None:
    model = trained(tmp_path)
    writer = RunWriter(tmp_path)
    writer.update_info(weights=damaged)
    writer.close()
    assert train(model, tmp_path) == []


def test_a_pass_that_is_traced_is_not_compared() -> None:
    """Its values are not there to be read; the training that follows is."""
    memory = MemoryWriter()
    train(make_model(), memory)
    model = make_model(1)
    with (
        warnings.catch_warnings(),
        ActivationHistLogger(model, memory, start_step=STEPS, on_error="raise") as hist,
    ):
        warnings.simplefilter("ignore")
        torch.jit.trace(model, torch.ones(2, 8), check_trace=False)
        torch.export.export(model, (torch.ones(2, 8),))
        with pytest.warns(ActivationHistWarning, match=f"weights at step {STEPS + 1}"):
            model(torch.ones(2, 8))
        hist.step()
