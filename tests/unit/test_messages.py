"""What a user is told for wrong input: a table of inputs and messages.

Each message names what was given and what to do instead. Rows that concern the recording of a
training, where a warning takes an error's place, stand in the tests of those parts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import tb_activation_hist
from tb_activation_hist import (
    ActivationHistLogger,
    LayerSelectionError,
    OptionError,
    probe_module,
    read_histograms,
)
from tb_activation_hist.cli import main
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.unit.cli.runs import write_bad_and_good
from tests.unit.recording.logged_training import make_model

PACKAGE = Path(tb_activation_hist.__file__).parent


def make_logger(model: Any = None, **options: Any) -> ActivationHistLogger:
    return ActivationHistLogger(make_model() if model is None else model, MemoryWriter(), **options)


# --- options: (keyword arguments, error, message) -------------------------------------------------

KINDS = "activations, gradients, weights, weight_gradients, updates, inputs, optimizer_state"

OPTIONS = [
    ({"evry": 2}, OptionError, "There is no option 'evry'. Did you mean 'every'?"),
    ({"layer": "0"}, OptionError, "There is no option 'layer'. Did you mean 'layers'?"),
    ({"every": 0}, OptionError, "every must be a whole number from 1 up, but got 0."),
    ({"every": "10"}, OptionError, "every must be a whole number from 1 up, but got '10'."),
    (
        {"layers": "layer1.O.conv1"},
        LayerSelectionError,
        "layers: 'layer1.O.conv1' matches no module of the model. Its layers: 0, 1, 2.",
    ),
    (
        {"kinds": ("grad",)},
        OptionError,
        f"kinds must be one or more of {KINDS}, but got ('grad',). Did you mean 'gradients'?",
    ),
    (
        {"kinds": "gradient"},
        OptionError,
        f"kinds must be one or more of {KINDS}, but got 'gradient'. Did you mean 'gradients'?",
    ),
    ({"kinds": 3}, OptionError, f"kinds must be one or more of {KINDS}, but got 3."),
    (
        {"phases": "valid"},
        OptionError,
        "phases must be one or more of train, eval, but got 'valid'. Did you mean 'eval'?",
    ),
    (
        {"bins": 40},
        OptionError,
        "bins must be FloatBits() or LinearBins(count, lo, hi), but got 40.",
    ),
    (
        {"overhead_budget": 5},
        OptionError,
        "overhead_budget must be None or a number between 0 and 1, such as 0.02, but got 5.",
    ),
]


@pytest.mark.parametrize(
    ("options", "error", "message"), OPTIONS, ids=[str(row[0]) for row in OPTIONS]
)
def test_options(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        make_logger(**options)


def test_each_unknown_name_gets_its_hint() -> None:
    with pytest.raises(OptionError, match=r"Did you mean 'activations' and 'gradients'\?$"):
        make_logger(kinds=["activation", "gradient", "xyz"])


@pytest.mark.parametrize("name", ["warn_on", "stop_on"])
def test_an_unknown_finding_names_all(name: str) -> None:
    with pytest.raises(OptionError, match=rf"^{name} must be any of non_finite, .*, but got 'nan'"):
        make_logger(**{name: "nan"})


def test_one_name_may_stand_by_itself() -> None:
    """As with layers; and it is that name, not the names that it is a part of."""
    model, writer = make_model(), MemoryWriter()
    options: Any = {"kinds": "weight_gradients", "phases": "train", "warn_on": "non_finite"}
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with ActivationHistLogger(model, writer, layers="0", **options) as hist:
        model(torch.randn(3, 4)).sum().backward()
        optimizer.step()
        hist.step()
    assert list(writer.histograms) == ["weight_gradients/0.weight", "weight_gradients/0.bias"]


# --- calls that lack something: (call, error, message) --------------------------------------------

RUNS = "runs/lr=0.01"
A_PROBE = "probe_module expects a fastai Learner or a torch.nn.Module"
A_MODEL = 'model must be a torch.nn.Module, or a dict of names and modules such as {"G": g, "D": d}'

CALLS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (
        lambda: ActivationHistLogger(make_model()),
        TypeError,
        f"missing a required argument: 'logdir'. Write ActivationHistLogger(model, \"{RUNS}\").",
    ),
    (
        lambda: ActivationHistLogger(),
        TypeError,
        f"missing a required argument: 'model'. Write ActivationHistLogger(model, \"{RUNS}\").",
    ),
    (
        lambda: ActivationHistLogger(nn.ReLU, RUNS),
        OptionError,
        f"{A_MODEL}, but got {nn.ReLU!r}. That is a class: make an object of it first, ReLU(...).",
    ),
    (
        lambda: ActivationHistLogger("resnet", RUNS),
        OptionError,
        f"{A_MODEL}, but got 'resnet'.",
    ),
    (
        lambda: probe_module(nn.ReLU),
        OptionError,
        f"{A_PROBE}, but got {nn.ReLU!r}. That is a class: make an object of it first, ReLU(...).",
    ),
    (lambda: read_histograms(None), OptionError, "logdir must be a path or a URL, but got None."),
    (lambda: read_histograms(""), OptionError, "logdir must be a path or a URL, but got ''."),
]


@pytest.mark.parametrize(("call", "error", "message"), CALLS, ids=[row[2][:40] for row in CALLS])
def test_calls_that_lack_something(
    call: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        call()


def test_a_callback_without_a_place_says_what_to_write() -> None:
    fastai = pytest.importorskip("tb_activation_hist.fastai", reason="fastai is an extra")
    with pytest.raises(TypeError, match=r'Write ActivationHistCallback\("runs/lr=0\.01"\)\.$'):
        fastai.ActivationHistCallback()


# --- the command line: (arguments, message) -------------------------------------------------------


@pytest.fixture
def logdir(tmp_path: Path) -> str:
    return write_bad_and_good(tmp_path)


def test_the_version_comes_with_the_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"tb-activation-hist {tb_activation_hist.__version__}\n"


COMMANDS = [
    (["reprot", "{logdir}"], "There is no command 'reprot'. Nearest: 'report', 'export'."),
    (["--json", "xyz"], "Commands: 'report', 'compare', 'show', 'export', 'share', 'doctor'."),
    (["report", "{logdir}/none"], "The log directory '{logdir}/none' does not exist"),
    (["report", "{logdir}", "--run", "godo"], "No run matches 'godo'. Nearest: 'good'."),
    (["report", "{logdir}", "--run", "nope"], "No run matches 'nope'. Runs: 'bad', 'good'."),
    (["report", "{logdir}", "--baseline", "x"], "--baseline must be a run, but got 'x'."),
    (["show", "{logdir}", "--layer", "block.rely"], "Nearest: 'block.relu'"),
]


@pytest.mark.parametrize(("arguments", "message"), COMMANDS, ids=[row[1] for row in COMMANDS])
def test_commands(
    arguments: list[str], message: str, logdir: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status: object = main([word.format(logdir=logdir) for word in arguments])
    except SystemExit as ended:
        status = ended.code
    said = capsys.readouterr()
    assert status == 2
    assert message.format(logdir=logdir) in said.err
    assert said.out == ""


def test_a_report_compares_with_the_first_run_that_is_sound(
    logdir: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By name the broken run comes first; a healthy one is not said to differ from it."""
    assert main(["report", logdir]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "differs from run 'good'" in said
    assert "differs from run 'bad'" not in said
    assert "No findings." in said
    assert main(["report", logdir, "--run", "good", "--fail-on", "info"]) == 0
    assert main(["report", logdir, "--run", "good", "--baseline", "bad"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "differs from run 'bad'" in said
    assert "No errors or warnings." in said
    assert main(["report", logdir, "--fail-on", "info"]) == 1


# --- all texts ------------------------------------------------------------------------------------


def test_every_extra_is_quoted_as_shells_need_it() -> None:
    """An unquoted [plot] is a pattern for zsh, which then finds no file of that name."""
    root = PACKAGE.parent
    texts = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.md"), *root.glob("*.md")]
    texts += [*(root / "docs").rglob("*.md")]
    found = [
        f"{path}: {line.strip()}"
        for path in texts
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"pip install (-\S+ )*[\w.-]+\[", line)
    ]
    assert found == []
