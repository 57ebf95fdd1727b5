"""The README's code, run as it stands on a small model."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pytest
import torch
from torch import nn

from tb_activation_hist import read_histograms

README = Path(__file__).resolve().parent.parent / "README.md"
BATCHES = 3


class Net(nn.Module):
    """Has the layers that the README names."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 2, 3)
        self.layer1 = nn.Sequential(nn.Conv2d(2, 2, 3), nn.ReLU())
        self.head = nn.Linear(2 * 4 * 4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.layer1(self.conv1(x)).flatten(1))


def code_of(section: str) -> list[str]:
    """The Python code under a heading, block by block."""
    text = README.read_text(encoding="utf-8")
    (body,) = re.findall(rf"^## {section}\n(.*?)^## ", text, re.DOTALL | re.MULTILINE)
    return re.findall(r"```python\n(.*?)```", body, re.DOTALL)


def run(code: str, names: dict[str, Any]) -> dict[str, Any]:
    exec(compile(code, README, "exec"), names)
    return names


@pytest.fixture(autouse=True)
def _in_a_directory_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    plt.close("all")


@pytest.fixture
def names() -> dict[str, Any]:
    """What the README takes for granted."""
    torch.manual_seed(0)
    model = Net()
    data = [(torch.randn(1, 8, 8), torch.tensor(i % 2)) for i in range(BATCHES * 4)]
    return {
        "model": model,
        "loader": torch.utils.data.DataLoader(data, batch_size=4),
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.1),
    }


def recorded_steps(layer: str) -> list[int]:
    return read_histograms("runs")["lr=0.01"][layer].steps.tolist()


def test_plain_pytorch(names):
    (code,) = code_of("Plain PyTorch")
    run(code, names)
    assert recorded_steps("conv1") == [1, 2, 3]


def test_fastai(names):
    pytest.importorskip("fastai", reason="fastai is an extra")
    from fastai.callback.progress import ProgressCallback
    from fastai.data.core import DataLoaders
    from fastai.learner import Learner

    class QuietLearner(Learner):
        def __init__(self, *args, **options):
            super().__init__(*args, loss_func=names["loss_fn"], **options)
            self.remove_cb(ProgressCallback)
            self.logger = lambda _row: None

    names |= {"Learner": QuietLearner, "dls": DataLoaders(names["loader"], names["loader"])}
    training, looking = code_of("fastai")
    run(training, names)["learn"].fit(2, 0.01)
    run(looking, names)
    assert len(plt.get_fignums()) == 2
    assert recorded_steps("conv1") == list(range(1, 2 * BATCHES + 1))


def test_notebook(names):
    run(code_of("Plain PyTorch")[0], names)
    probing, reading = code_of("Notebook")
    run(probing, names)
    assert list(names["probe"].histograms) == ["conv1", "layer1"]
    run(reading, names)
    assert len(plt.get_fignums()) == 2


def test_lightning(names):
    lightning = pytest.importorskip("lightning.pytorch", reason="lightning is an extra")

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = names["model"]

        def training_step(self, batch):
            return names["loss_fn"](self.net(batch[0]), batch[1])

        def configure_optimizers(self):
            return names["optimizer"]

    def quiet_trainer(**given):
        plain = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
        small = {"max_epochs": 1, "accelerator": "cpu", "enable_model_summary": False}
        return lightning.Trainer(**given, **plain, **small)

    (code,) = code_of("Lightning")
    run(code, names | {"Trainer": quiet_trainer})["trainer"].fit(Module(), names["loader"])
    assert recorded_steps("net.conv1") == [1, 2, 3]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_transformers(tmp_path):
    transformers = pytest.importorskip("transformers", reason="transformers is an extra")
    pytest.importorskip("accelerate", reason="the Trainer needs accelerate")
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = transformers.BertForSequenceClassification(
        transformers.BertConfig(vocab_size=20, intermediate_size=16, num_labels=2, **sizes)
    )
    data = [{"input_ids": torch.randint(0, 20, (6,)), "labels": torch.tensor(0)} for _ in range(8)]
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path / "out"),
        per_device_train_batch_size=4,
        num_train_epochs=1,
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
    )
    (code,) = code_of("transformers")
    given = {"Trainer": transformers.Trainer, "arguments": arguments, "data": data, "model": model}
    names = run(code, given)
    names["trainer"].train()
    assert recorded_steps("classifier") == [1, 2]
    assert names["callback"].steps == 2
    assert list(names["callback"].histograms) == list(read_histograms("runs")["lr=0.01"])
    assert isinstance(names["callback"].findings(), list)
    names["callback"].close()


def test_recorded_histograms_as_arrays(names):
    run(code_of("Plain PyTorch")[0], names)
    reading, in_memory = code_of("Recorded histograms as arrays")
    series = run(reading, names)["series"]
    assert series.counts.shape == (len(series.steps), len(series.edges) - 1)
    assert series.mean.shape == series.std.shape == series.quantile(0.99).shape == (BATCHES,)
    run(in_memory, names)
    assert names["memory"].histograms["conv1"].steps.tolist() == [1, 2, 3]


def test_a_threshold_decides_what_is_found(names, capsys):
    names["model"].layer1[0].bias.data.fill_(-0.3)
    code = code_of("Recorded histograms as arrays")[1]
    run(code, names)
    assert "zeros from step 1" in capsys.readouterr().out
    run(code.replace("0.8", "1.0"), names)
    assert "zeros" not in capsys.readouterr().out


def test_every_block_is_run_here():
    text = README.read_text(encoding="utf-8")
    trainings = ("Plain PyTorch", "fastai", "Lightning", "transformers")
    results = ("Notebook", "Recorded histograms as arrays")
    run_here = [code_of(section) for section in (*trainings, *results)]
    assert sum(map(len, run_here)) == text.count("```python\n")
