"""Parameters, gradients and updates with unusual optimizer steps and parameters."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.models import assert_counted, tensor_to_values

KINDS = ("weight_gradients", "updates")


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("ends_step", [False, True])
def test_a_step_with_a_closure_counts_the_gradients_that_the_closure_makes(named, ends_step):
    model, writer, seen = nn.Linear(3, 2), MemoryWriter(), []
    unused = nn.Linear(1, 1)
    both = nn.ModuleDict({"used": model, "unused": unused})
    optimizer = torch.optim.SGD(both.parameters(), 0.1)
    hist = ActivationHistLogger(
        both,
        writer,
        kinds=KINDS,
        on_error="raise",
        layers=["used", "unused"],
        optimizer=optimizer if ends_step else None,
    )

    def closure():
        optimizer.zero_grad()
        loss = model(torch.randn(4, 3)).square().sum()
        loss.backward()
        seen.append(tensor_to_values(model.weight.grad))
        return loss

    with hist:
        for _ in range(3):
            if named:
                optimizer.step(closure=closure)
            else:
                optimizer.step(closure)
            if not ends_step:
                hist.step()
    recorded = writer.histograms
    assert_counted(recorded["weight_gradients/used.weight"], seen)
    assert recorded["updates/used.weight"].n.tolist() == [6, 6, 6]
    assert not [key for key in recorded if "unused" in key]


def test_a_complex_parameter_leaves_those_after_it_alone():
    first, second = nn.Linear(2, 2, dtype=torch.complex64), nn.Linear(2, 1)
    model, writer = nn.Sequential(first, second), MemoryWriter()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with ActivationHistLogger(model, writer, kinds=KINDS, on_error="raise") as hist:
        second(first(torch.ones(1, 2, dtype=torch.complex64)).abs()).sum().backward()
        optimizer.step()
        hist.step()
    assert set(writer.histograms) == {
        f"{kind}/1.{name}" for kind in KINDS for name in ("weight", "bias")
    }


class Stacked(nn.Module):
    """Has a parameter of its own beside a child, as stacked experts and position embeddings are."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = nn.Parameter(torch.randn(3, 2, 2))
        self.child = nn.Linear(2, 2)

    def forward(self, x):
        for row in self.rows:
            x = x @ row
        return self.child(x)


def record_stacked(model, **options):
    writer = MemoryWriter()
    optimizer = torch.optim.Adam(model.parameters())
    kinds = ("weights", "updates", "weight_gradients", "optimizer_state")
    with ActivationHistLogger(
        model, writer, kinds=kinds, on_error="raise", optimizer=optimizer, **options
    ):
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
    return writer.histograms


def test_a_parameter_of_a_module_with_children_is_recorded_in_model_order():
    recorded = record_stacked(nn.Sequential(nn.Linear(2, 2), Stacked()), split={"1.rows": 0})
    assert [key for key in recorded if key.startswith("weights/")] == [
        f"weights/{name}"
        for name in ("0.weight", "0.bias", "1.rows", "1.child.weight", "1.child.bias")
    ]
    assert {key for key in recorded if "1.rows" in key} == {
        "weights/1.rows",
        "weight_gradients/1.rows",
        "updates/1.rows",
        *(f"optimizer_state/1.rows/{name}" for name in ("exp_avg", "exp_avg_sq", "m_over_sqrt_v")),
    }
    assert recorded["weights/1.rows"].slices.n.tolist() == [[4, 4, 4]]


def test_a_parameter_of_the_model_itself_has_its_plain_name():
    assert "weights/rows" in record_stacked(Stacked(), split={"rows": 0})


def test_a_selection_leaves_the_parameters_of_other_modules_out():
    assert {key for key in record_stacked(Stacked(), layers="child") if "weights/" in key} == {
        "weights/child.weight",
        "weights/child.bias",
    }
