"""Hyper-parameters from names of runs and from what was written for TensorBoard's HParams."""

from __future__ import annotations

import pytest
from tensorboard.plugins.hparams.metadata import create_summary_metadata
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from tb_activation_hist.plugin.hyperparameters import (
    content_to_hyperparameters,
    hyperparameters_of_runs,
    name_to_hyperparameters,
)


def session(**hparams: float | str | bool) -> bytes:
    """Plugin data as `SummaryWriter.add_hparams` and Keras write it."""
    data = HParamsPluginData()
    for name, value in hparams.items():
        entry = data.session_start_info.hparams[name]
        if isinstance(value, bool):
            entry.bool_value = value
        elif isinstance(value, str):
            entry.string_value = value
        else:
            entry.number_value = value
    return bytes(create_summary_metadata(data).plugin_data.content)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lr=0.1", {"lr": 0.1}),
        ("mnist/lr=1e-3,wd=.5/seed=3", {"lr": 1e-3, "wd": 0.5, "seed": 3.0}),
        ("lr=0.1_weight_decay=1e-4", {"lr": 0.1, "weight_decay": 1e-4}),
        ("opt=adam_lr=-1", {"opt": "adam", "lr": -1.0}),
        ("bs=32-lr=0.1", {"bs": 32.0, "lr": 0.1}),
        ("2026-11-28_14-03-22_resnet18_lr=0.1", {"lr": 0.1}),
        ("resnet18_opt=adam_lr=0.1_run3", {"opt": "adam", "lr": 0.1}),
        ("beta1=0.9,precision=16-mixed", {"beta1": 0.9, "precision": "16-mixed"}),
        ("+optim.lr=0.1 model=resnet18", {"optim.lr": 0.1, "model": "resnet18"}),
        ("weight-decay=0.1;amp=True", {"weight-decay": 0.1, "amp": True}),
        ("lr=1/lr=2", {"lr": 2.0}),
        ("lr=nan", {"lr": "nan"}),
        ("run3", {}),
        ("=3", {}),
        ("lr=", {}),
        ("a=b=c", {"a": "b"}),
        ("", {}),
    ],
)
def test_a_name_gives_keys_and_values(name: str, expected: dict[str, object]) -> None:
    assert name_to_hyperparameters(name) == expected


def test_hparams_are_read_with_their_types() -> None:
    content = session(lr=0.5, optimizer="adam", nesterov=True, layers=3)
    expected = {"lr": 0.5, "layers": 3.0, "nesterov": True, "optimizer": "adam"}
    assert content_to_hyperparameters(content) == expected


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"x" * 99])
def test_what_is_no_session_gives_none(content: bytes) -> None:
    assert content_to_hyperparameters(content) == {}


def test_runs_take_hparams_of_their_own_of_above_and_of_right_below() -> None:
    contents = {
        "own": session(lr=1.0),
        "above": session(lr=2.0),
        "beside/1700000000.1": session(lr=3.0),
        "lr=9": session(lr=4.0),
    }
    runs = ["own", "above/train", "beside", "lr=9", "other", "own2"]
    found = hyperparameters_of_runs(runs, contents)
    assert {run: mine.get("lr") for run, mine in found.items()} == {
        "own": 1.0,
        "above/train": 2.0,
        "beside": 3.0,
        "lr=9": 4.0,
        "other": None,
        "own2": None,
    }


def test_a_bool_that_hparams_hold_as_a_number_stays_the_bool_of_the_name() -> None:
    runs = ["norm=True,seed=1", "norm=False,seed=1"]
    contents = {run: session(norm=float("True" in run), seed=1.0) for run in runs}
    found = hyperparameters_of_runs(runs, contents)
    assert [str(found[run]["norm"]) for run in runs] == ["True", "False"]
    assert [str(found[run]["seed"]) for run in runs] == ["1.0", "1.0"]
