"""What is tried in each environment; prints JSON: check -> "exact", "warned: …" or an error.

Runs with the installed package alone, so it imports nothing of this checkout.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from tb_activation_hist import ActivationHistLogger, ActivationHistWarning, read_histograms

STEPS = 6


class Net(nn.Module):
    """Two blocks of one class, a reused activation and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Linear(16, 32), nn.ReLU())
        self.second = nn.Sequential(nn.Linear(32, 32), nn.ReLU())
        self.head = nn.Linear(32, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, 16) -> (batch, 4)."""
        return self.head(self.second(self.first(x)))


def train(model: nn.Module, called: Callable[..., Any], logdir: Path) -> list[str]:
    """Train some steps and record each; returns the package's own warnings."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with ActivationHistLogger(model, logdir) as hist:
            for x in batches():
                loss = called(x).square().mean()
                loss.backward()
                optimizer.step()
                optimizer.zero_grad()
                hist.step(loss=loss)
        steps = hist.steps
    assert steps == STEPS, f"{steps} of {STEPS} steps were counted"
    return [str(each.message) for each in caught if each.category is ActivationHistWarning]


def batches() -> Iterator[torch.Tensor]:
    """The same inputs at each call."""
    generator = torch.Generator().manual_seed(7)
    for _ in range(STEPS):
        yield torch.randn(64, 16, generator=generator)


def expected() -> dict[str, list[np.ndarray[Any, Any]]]:
    """Every layer's outputs at every step of the same training, by plain hooks and no compiler."""
    model = make_model()
    outputs: dict[str, list[np.ndarray[Any, Any]]] = {}
    for name, module in model.named_modules():
        if not list(module.children()):

            def keep(_: Any, __: Any, output: torch.Tensor, name: str = name) -> None:
                outputs.setdefault(name, []).append(output.detach().numpy().copy())

            module.register_forward_hook(keep)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for x in batches():
        model(x).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()
    return outputs


def make_model() -> Net:
    """The same weights at each call."""
    torch.manual_seed(3)
    return Net()


def compare(logdir: Path, *, exact: bool = True) -> None:
    """Hold what was recorded against the plain hooks: each count, or n and mean alone.

    A compiler may reorder a sum, so that a value on the edge of a bin falls into the next one.
    """
    run = read_histograms(logdir)["."]
    wanted = expected()
    assert set(run) == set(wanted), f"layers {sorted(run)} instead of {sorted(wanted)}"
    for name, series in run.items():
        assert series.steps.tolist() == list(range(1, STEPS + 1)), f"{name}: steps {series.steps}"
        assert (series.counts.sum(axis=1) == series.n).all(), name
        for row, values in enumerate(wanted[name]):
            assert series.n[row] == values.size, name
            assert abs(series.mean[row] - values.mean(dtype=np.float64)) < 1e-5, name
            if exact:
                counts = np.histogram(values.ravel().astype(np.float64), series.edges)[0]
                assert (series.counts[row] == counts).all(), f"{name}, step {row + 1}"


def check_plain(folder: Path) -> str:
    """Record a plain training and read it back."""
    model = make_model()
    told = train(model, model, folder)
    compare(folder)
    assert not told, told
    return "exact"


def check_compiled(folder: Path, compile_model: Callable[[nn.Module], Callable[..., Any]]) -> str:
    """Record a compiled training: exactly, or with one clear warning while it goes on."""
    torch._dynamo.reset()
    model = make_model()
    told: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        called = compile_model(model)
        told = train(model, called, folder)
    told += [str(each.message) for each in caught if each.category is ActivationHistWarning]
    try:
        compare(folder, exact=False)
    except Exception:
        if len(told) == 1:
            return f"warned: {told[0]}"
        raise
    return "exact"


def compile_blocks(model: nn.Module) -> Callable[..., Any]:
    """Each block by itself, as large models are compiled."""
    for block in (model.first, model.second):
        block.compile()
    return model


def compile_in_place(model: nn.Module) -> Callable[..., Any]:
    """``model.compile()``."""
    model.compile()
    return model


def check_export(folder: Path) -> str:
    """Export a model while it is recorded: the program holds nothing of ours."""
    torch._dynamo.reset()
    model = make_model()
    x = next(batches())
    with ActivationHistLogger(model, folder, on_error="raise") as hist:
        for strict in (True, False):
            program = torch.export.export(model, (x,), strict=strict)
            assert "tb_activation_hist" not in str(program.graph), program.graph
        model(x)
        hist.step()
    series = read_histograms(folder)["."]["head"]
    assert series.n.tolist() == [64 * 4], series.n
    return "exact"


def check_fastai(folder: Path) -> str:
    """Record one epoch of a Learner."""
    if importlib.util.find_spec("fastai") is None:
        return "not installed"
    from fastai.callback import progress  # noqa: F401 - gives Learner its no_bar
    from fastai.data.core import DataLoaders
    from fastai.learner import Learner

    from tb_activation_hist import ActivationHistCallback

    data = [(x, torch.zeros(4)) for x in torch.randn(64, 16)]
    loader = torch.utils.data.DataLoader(data, batch_size=16)
    learn = Learner(
        DataLoaders(loader, loader),
        make_model(),
        loss_func=nn.MSELoss(),
        cbs=ActivationHistCallback(folder),
    )
    with learn.no_bar(), learn.no_logging():
        learn.fit(2)
    series = read_histograms(folder)["."]["head"]
    assert series.steps.tolist() == list(range(1, 9)), series.steps
    assert (series.n == 64).all(), series.n
    return "exact"


@contextmanager
def tensorboard(logdir: Path) -> Iterator[str]:
    """A TensorBoard of this environment, and its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logdir)]
    log = logdir.parent / "tensorboard.txt"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)], stdout=output, stderr=output
        )
    try:
        for _ in range(600):
            assert process.poll() is None, log.read_text()[-2000:]
            try:
                ask(f"{address}/data/plugins_listing")
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def ask(address: str) -> Any:
    """The JSON that an address answers with."""
    with urllib.request.urlopen(address, timeout=30) as answer:
        return json.loads(answer.read())


def check_server(folder: Path) -> str:
    """The plugin lists the run's layers; TensorBoard's own tabs have their points."""
    runs = folder.parent
    with tensorboard(runs) as address:
        plugins = ask(f"{address}/data/plugins_listing")
        assert wait_for_data(address), plugins
        own = ask(f"{address}/data/plugin/activation_hist/index")
        tags = json.dumps(own)
        for layer in expected():
            assert f"activations/{layer}" in tags, f"{layer} is missing in {tags[:300]}"
        check_stock_tabs(address)
    return "exact"


def wait_for_data(address: str) -> bool:
    """TensorBoard reads event files in the background; a minute is ample for six steps."""
    for _ in range(120):
        if ask(f"{address}/data/plugins_listing")["activation_hist"]["enabled"]:
            return True
        time.sleep(0.5)
    return False


def check_stock_tabs(address: str) -> None:
    """Histograms, Scalars and Custom Scalars show what we wrote for them."""
    histograms = ask(f"{address}/data/plugin/histograms/tags")
    run, tags = next(iter(histograms.items()))
    assert any("head" in tag for tag in tags), histograms
    tag = next(tag for tag in tags if "head" in tag)
    query = urllib.parse.urlencode({"run": run, "tag": tag})
    points = ask(f"{address}/data/plugin/histograms/histograms?{query}")
    assert points
    assert len(points[0][2]) > 1, points
    scalars = ask(f"{address}/data/plugin/scalars/tags")
    assert any("loss" in tag for tag in scalars[run]), scalars
    layout = ask(f"{address}/data/plugin/custom_scalars/layout")
    assert layout, "no Custom Scalars layout"


def main() -> int:
    """Run all checks; the exit status says whether every one passed."""
    results = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checks: dict[str, Callable[[Path], str]] = {
            "plain": check_plain,
            "server": lambda _: check_server(folder / "plain"),
            "fastai": check_fastai,
            "torch.compile(model)": lambda f: check_compiled(f, torch.compile),
            "fullgraph": lambda f: check_compiled(f, lambda m: torch.compile(m, fullgraph=True)),
            "model.compile()": lambda f: check_compiled(f, compile_in_place),
            "block.compile()": lambda f: check_compiled(f, compile_blocks),
            "export": check_export,
        }
        for label, check in checks.items():
            logdir = folder / label.replace("(", "_").replace(")", "_")
            try:
                results[label] = check(logdir)
            except Exception as error:  # noqa: BLE001 - the table says what it was
                traceback.print_exc()
                results[label] = f"failed: {type(error).__name__}: {error}"[:500]
    names = ("torch", "tensorboard", "numpy", "protobuf", "fastai", "setuptools")
    versions = {name: version_of(name) for name in names}
    python = ".".join(map(str, sys.version_info[:3]))
    print(json.dumps({"versions": {"python": python, **versions}, "checks": results}))
    return any(result.startswith("failed") for result in results.values())


def version_of(name: str) -> str:
    """The installed version, "" where there is none."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


if __name__ == "__main__":
    sys.exit(main())
