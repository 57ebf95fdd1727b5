"""What a user is told for wrong input: a table of inputs and messages.

Each message names what was given and what to do instead. Rows that concern the recording of a
training, where a warning takes an error's place, stand in the tests of those parts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
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
from tb_activation_hist.core.nearest import no_such
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.unit.cli.runs import collapsed_layers, healthy_layers, write_run

PACKAGE = Path(tb_activation_hist.__file__).parent


@pytest.fixture(autouse=True)
def no_figures() -> Iterator[None]:
    yield
    plt.close("all")


def make_model() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))


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
        {"kinds": ("activation",)},
        OptionError,
        f"kinds must be one or more of {KINDS}, but got ('activation',).",
    ),
    (
        {"kinds": "gradient"},
        OptionError,
        f"kinds must be one or more of {KINDS}, but got 'gradient'.",
    ),
    ({"kinds": 3}, OptionError, f"kinds must be one or more of {KINDS}, but got 3."),
    (
        {"phases": "valid"},
        OptionError,
        "phases must be one or more of train, eval, but got 'valid'.",
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


# --- a probe before and after its training --------------------------------------------------------


READ: dict[str, Callable[[Any], Any]] = {
    "plot": lambda probe: probe.plot(),
    "color_dim": lambda probe: probe.color_dim(0),
    "layer_stats": lambda probe: probe.layer_stats("0"),
    "hist": lambda probe: probe.hist(0),
    "plot_layer_stats": lambda probe: probe.plot_layer_stats(0),
}


@pytest.mark.parametrize("name", READ)
def test_before_a_training_there_is_nothing_to_draw(name: str) -> None:
    probe = probe_module(make_model())
    with pytest.raises(OptionError, match="nothing has been recorded yet"):
        READ[name](probe)
    probe.close()


@pytest.mark.parametrize("name", READ)
def test_before_a_fit_with_a_directory_as_well(name: str, tmp_path: Path) -> None:
    fastai = pytest.importorskip("tb_activation_hist.fastai", reason="fastai is an extra")
    callback = fastai.ActivationHistCallback(tmp_path / "none")
    with pytest.raises(OptionError, match=r"nothing has been recorded yet \(train first\)"):
        READ[name](callback)


def record(probe: Any, model: nn.Module, steps: int = 3) -> None:
    for _ in range(steps):
        model(torch.randn(5, 4)).sum().backward()
        probe.step()


def test_a_layer_that_was_not_recorded_names_those_that_were() -> None:
    model = make_model()
    with probe_module(model) as probe:
        record(probe, model)
        message = "^layer must be a name or a number from 0 to 2, but got 99.$"
        with pytest.raises(IndexError, match=message):
            probe.color_dim(99)
        with pytest.raises(KeyError, match=r"There is no layer 'conv'\. Layers: '0', '1', '2'\."):
            probe.color_dim("conv")
        assert probe.color_dim(-1) is not None


def test_a_callback_draws_as_a_probe_does(tmp_path: Path) -> None:
    pytest.importorskip("fastai", reason="fastai is an extra")
    from fastai.callback.progress import ProgressCallback
    from fastai.data.core import DataLoaders
    from fastai.learner import Learner

    from tb_activation_hist.fastai import ActivationHistCallback

    data = [(torch.randn(4), torch.tensor(0)) for _ in range(8)]
    loader = torch.utils.data.DataLoader(data, batch_size=4)
    loaders, callback = DataLoaders(loader, loader), ActivationHistCallback(tmp_path)
    learn = Learner(loaders, make_model(), loss_func=nn.CrossEntropyLoss(), cbs=callback)
    learn.remove_cb(ProgressCallback)
    with learn.no_logging():
        learn.fit(1)
    titles = [ax.get_title(loc="left") for ax in learn.activation_hist.plot()]
    assert titles == ["0", "1", "2"]


def test_the_only_layer_of_a_probe_need_not_be_named() -> None:
    model = make_model()
    with probe_module(model, model[0]) as probe:
        record(probe, model)
        for read in ("plot", "color_dim", "layer_stats", "hist", "plot_layer_stats"):
            assert getattr(probe, read)() is not None
        assert probe.series().layer == "0"
    with probe_module(model) as probe:
        record(probe, model)
        message = "layer must be given, because there are 3: '0', '1', '2'."
        with pytest.raises(OptionError, match=f"^{re.escape(message)}$"):
            probe.color_dim()


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


# --- histograms that were read --------------------------------------------------------------------


@pytest.fixture
def logdir(tmp_path: Path) -> str:
    write_run(tmp_path / "bad", collapsed_layers())
    write_run(tmp_path / "good", healthy_layers())
    return str(tmp_path)


def test_plot_names_the_nearest_layers(logdir: str) -> None:
    runs = read_histograms(logdir)
    near = "There is no layer 'block.relo'. Nearest: 'block.relu'."
    for histograms in (runs, runs["good"]):
        with pytest.raises(KeyError, match=near):
            histograms.plot(["block.relo"])
        with pytest.raises(KeyError, match=near):
            histograms.plot("block.relo")
    assert len(runs["good"].plot("block.relu")) == 1
    assert runs.plot("block.relu").shape == (1, 2)


def test_what_is_not_near_is_not_called_near(logdir: str) -> None:
    with pytest.raises(KeyError, match=r"There is no run 'nope'\. Runs: 'bad', 'good'\."):
        read_histograms(logdir)["nope"]
    assert no_such("layer", "x", [f"layer{i}" for i in range(12)]).endswith("'layer9' and 2 more.")


def test_a_slice_outside_of_the_recorded_steps(logdir: str) -> None:
    series = read_histograms(logdir)["good"]["block.relu"]
    first, last = series.steps[[0, -1]]
    message = f"^step must be within the recorded steps {first} to {last}, but got 999.$"
    with pytest.raises(OptionError, match=message):
        series.plot_slice(999)
    assert series.plot_slice(int(last)) is not None


@pytest.mark.parametrize("edges", [5, [1], [], [1, 0], [0, float("nan")], [[0, 1]]], ids=str)
def test_edges_that_make_no_bins(edges: Any, logdir: str) -> None:
    message = f"rebin expects two or more ascending edges without NaN, but got {edges!r}."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_histograms(logdir)["good"]["block.relu"].rebin(edges)


def test_the_version_comes_with_the_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"tb-activation-hist {tb_activation_hist.__version__}\n"


# --- the command line: (arguments, message) -------------------------------------------------------

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
