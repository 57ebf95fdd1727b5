"""What `step` may be given as its number, and that nothing else costs a record."""

import numpy as np
import pytest
import torch
from torch import nn

from tb_activation_hist import ActivationHistLogger, probe_module, read_histograms
from tb_activation_hist.core.errors import ActivationHistWarning
from tb_activation_hist.storage.memory_writer import MemoryWriter


class Loss:
    def __index__(self):
        raise RuntimeError("no index")

    def __repr__(self):
        return "Loss()"


WRONG = [
    torch.tensor(0.5, requires_grad=True),
    torch.tensor(3.0),
    torch.tensor([1, 2]),
    torch.tensor(True),
    0.693,
    11.0,
    np.float64(3.0),
    np.bool_(True),
    True,
    "12",
    [3],
    2**63,
    Loss(),
]


def make_logger(writer, **options):
    model = nn.Linear(2, 3)
    return model, ActivationHistLogger(model, writer, **options)


def train(model, hist, numbers):
    for number in numbers:
        model(torch.ones(1, 2))
        hist.step(number)


@pytest.mark.parametrize(
    "numbers",
    [np.arange(1, 21), range(1, 21), torch.arange(1, 21), np.arange(1, 21).astype(np.uint8)],
    ids=["numpy", "range", "tensor", "uint8"],
)
def test_anything_with_an_index_is_a_step(numbers, tmp_path):
    model, hist = make_logger(tmp_path)
    train(model, hist, numbers)
    hist.close()
    assert type(hist.steps) is int
    (series,) = read_histograms(tmp_path)["."].values()
    assert series.steps.tolist() == list(range(1, 21))


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_what_is_no_number_is_warned_of_once_and_costs_no_record(wrong, tmp_path):
    model, hist = make_logger(tmp_path)
    train(model, hist, [None] * 10)
    with pytest.warns(ActivationHistWarning, match=r"name it: step\(loss=loss\)") as told:
        train(model, hist, [wrong] * 5)
    hist.close()
    assert len(told) == 1
    assert told[0].filename == __file__
    assert hist.steps == 15
    (series,) = read_histograms(tmp_path)["."].values()
    assert series.steps.tolist() == list(range(1, 16))


def test_a_step_that_is_named_is_a_scalar_and_reported():
    writer = MemoryWriter()
    model, hist = make_logger(writer)
    train(model, hist, [1])
    with pytest.warns(ActivationHistWarning, match=r"step\(step=\.\.\.\) writes a scalar"):
        hist.step(step=5)
    hist.step(step=6)  # warnings are errors here
    hist.close()
    assert writer.scalars["step"] == [(2, 5.0), (3, 6.0)]


@pytest.mark.parametrize("numbers", [[1, 1, 1, 2], [5, 6, 2, 3]], ids=["epochs", "backwards"])
def test_numbers_that_do_not_grow_are_reported_once(numbers):
    writer = MemoryWriter()
    model, hist = make_logger(writer)
    with pytest.warns(
        ActivationHistWarning, match="replaces earlier records .* increasing numbers"
    ) as w:
        train(model, hist, numbers)
    hist.close()
    assert [each.filename for each in w] == [__file__]
    assert writer.histograms["Linear"].steps.tolist() == sorted(set(numbers[1:]) - {5, 6})


def test_a_probe_takes_the_number_too():
    model = nn.Linear(2, 3)
    with probe_module(model) as probe:
        for number in (10, 20):
            model(torch.ones(1, 2))
            probe.step(number, loss=1.0)
    assert probe.steps == 20
    probe = probe_module(model)
    model(torch.ones(1, 2))
    with pytest.warns(ActivationHistWarning, match="whole number"):
        probe.step(0.5)
    probe.close()
    assert probe.steps == 1
