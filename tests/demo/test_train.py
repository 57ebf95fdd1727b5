"""The demo from end to end on a handful of made-up images: server, two runs, both error rates."""

from __future__ import annotations

import re
import signal
import socket
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from demo import server, train_mnist
from demo.mnist import Mnist, NoMnistError
from tb_activation_hist import read_histograms

STEPS = 3


@pytest.fixture(autouse=True)
def any_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two demos at once could both find the usual port free."""
    monkeypatch.setattr(server, "USUAL_PORT", 0)


@pytest.fixture
def small_mnist(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    random = np.random.default_rng(0)

    def part(count: int) -> tuple[np.ndarray, np.ndarray]:
        images = random.integers(0, 256, (count, 28, 28), np.uint8)
        return images, random.integers(0, 10, count, np.uint8)

    mnist = Mnist(*part(STEPS * 16), *part(16))
    monkeypatch.setattr(train_mnist, "load_mnist", lambda _data: mnist)
    monkeypatch.setattr(train_mnist, "EPOCHS", 1)
    monkeypatch.setattr(train_mnist, "BATCH", 16)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SERVE", "0")
    monkeypatch.delenv("FULL", raising=False)


@pytest.mark.usefixtures("small_mnist")
def test_demo_trains_both_runs_and_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    assert train_mnist.main() == 0
    output = capsys.readouterr().out
    address = re.search(r"http://localhost:(\d+)/#activation_hist", output)
    assert address
    assert output.index(address[0]) < output.index("lr=0.01: 48 images")
    assert len(re.findall(r"│ lr=(?:0\.01|1) .*%", output)) == 2
    assert "lr=1     The first layers' values shoot up" in output
    runs = read_histograms(tmp_path / "runs" / "mnist")
    assert set(runs) == {"lr=0.01", "lr=1"}
    for layers in runs.values():
        assert set(layers) == {"conv1", "layer1", "layer2", "layer3", "layer4"}
        assert layers["conv1"].steps.tolist() == [1, 2, 3]
    assert is_free(int(address[1])), "the server is to end with the demo"
    assert not [each for each in recwarn if "tb_activation_hist" in str(each.filename)]


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_missing_data_ends_with_the_reasons(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_data: Path | None) -> Mnist:
        raise NoMnistError("MNIST could not be had from any source:\n  - the cache: empty")

    monkeypatch.setattr(train_mnist, "load_mnist", fail)
    assert train_mnist.main() == 1
    assert "the cache: empty" in capsys.readouterr().err


def test_server_answers_on_this_machine_only(tmp_path: Path) -> None:
    with server.tensorboard(tmp_path / "runs") as address:
        assert urllib.request.urlopen(address.partition("#")[0], timeout=60).status == 200
        port = int(address.split(":")[2].partition("/")[0])
        outside = socket.gethostbyname(socket.gethostname())
        if not outside.startswith("127."):
            with socket.socket() as probe:
                assert probe.connect_ex((outside, port)) != 0


def test_server_that_does_not_start_is_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no tensorboard here\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(server.sys, "executable", str(broken))
    with (
        pytest.raises(RuntimeError, match="no tensorboard here"),
        server.tensorboard(tmp_path / "runs"),
    ):
        pass


@pytest.mark.usefixtures("small_mnist")
def test_interruption_ends_the_demo_with_0(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(train_mnist, "train", interrupted)
    before = signal.getsignal(signal.SIGTERM)
    assert train_mnist.main() == 0
    assert "`tensorboard --logdir runs/mnist` shows the runs again." in capsys.readouterr().out
    assert signal.getsignal(signal.SIGTERM) is before
