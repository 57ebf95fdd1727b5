"""The kind `optimizer_state`: what optimizers keep of each parameter, under their names."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tb_activation_hist.capture.optimizer_states import is_factor
from tb_activation_hist.core.errors import ActivationHistWarning
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.models import assert_counted, tensor_to_values

OPTIMIZERS: list[tuple[Any, dict[str, Any], set[str]]] = [
    (torch.optim.Adam, {}, {"exp_avg", "exp_avg_sq", "m_over_sqrt_v"}),
    (
        torch.optim.AdamW,
        {"amsgrad": True},
        {"exp_avg", "exp_avg_sq", "max_exp_avg_sq", "m_over_sqrt_v"},
    ),
    (torch.optim.SGD, {"momentum": 0.9}, {"momentum_buffer"}),
    (torch.optim.RMSprop, {"momentum": 0.5}, {"square_avg", "momentum_buffer"}),
    (torch.optim.Adagrad, {}, {"sum"}),
    (torch.optim.Adamax, {}, {"exp_avg", "exp_inf"}),
]


class Scaled(nn.Linear):
    """With a parameter that is one number, as the optimizer's count of steps is."""

    def __init__(self) -> None:
        super().__init__(3, 2)
        self.scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * self.scale


def train(optimizer: Any, model: nn.Module, hist: ActivationHistLogger, steps: int = 3) -> Any:
    """What the optimizer keeps after each step."""
    kept = []
    with hist:
        for _ in range(steps):
            optimizer.zero_grad()
            model(torch.randn(4, 3)).square().sum().backward()
            optimizer.step()
            hist.step()
            kept.append({k: v.clone() for k, v in states_of(optimizer)[model.weight].items()
                         if isinstance(v, Tensor)})  # fmt: skip
    return kept


def states_of(optimizer: Any) -> Any:
    return getattr(optimizer, "inner", optimizer).state


def test_an_optimizer_without_a_state_is_reported():
    model, writer = Scaled(), MemoryWriter()
    hist = ActivationHistLogger(model, writer, kinds="optimizer_state", on_error="raise")
    with pytest.warns(ActivationHistWarning, match="the optimizer keeps no tensor"):
        train(torch.optim.SGD(model.parameters(), lr=0.01), model, hist)
    assert not writer.histograms


@pytest.mark.parametrize(("make", "options", "names"), OPTIMIZERS)
def test_states_of_the_parameters_shape_are_counted_exactly(make, options, names):
    torch.manual_seed(0)
    model, writer = Scaled(), MemoryWriter()
    optimizer = make(model.parameters(), lr=0.01, **options)
    hist = ActivationHistLogger(model, writer, kinds="optimizer_state", on_error="raise")
    kept = train(optimizer, model, hist)
    found = writer.histograms
    assert set(found) == {
        f"optimizer_state/Scaled.{of}/{name}"
        for of in ("weight", "bias", "scale")
        for name in names
    }
    for name in names:
        if name == "m_over_sqrt_v":
            values = [each["exp_avg"] / each["exp_avg_sq"].sqrt() for each in kept]
        else:
            values = [each[name] for each in kept]
        series = found[f"optimizer_state/Scaled.weight/{name}"]
        assert_counted(series, [tensor_to_values(each) for each in values])


def test_the_factors_of_a_second_moment_are_counted_under_their_names():
    """Adafactor keeps means over the rows and the columns of a matrix, not all of its shape."""
    torch.manual_seed(0)
    model, writer = Scaled(), MemoryWriter()
    hist = ActivationHistLogger(model, writer, kinds="optimizer_state", on_error="raise")
    kept = train(torch.optim.Adafactor(model.parameters(), lr=0.01), model, hist)
    found = writer.histograms
    assert set(found) == {
        f"optimizer_state/Scaled.{name}"
        for name in ("weight/row_var", "weight/col_var", "bias/variance", "scale/variance")
    }
    for name in ("row_var", "col_var"):
        series = found[f"optimizer_state/Scaled.weight/{name}"]
        assert_counted(series, [tensor_to_values(each[name]) for each in kept])


class Historic(torch.optim.Optimizer):
    """Keeps the last gradients in a list, and its moments in a dictionary."""

    def step(self, closure: Any = None) -> None:
        for parameter in self.param_groups[0]["params"]:
            state = self.state[parameter]
            state["history"] = [*state.get("history", []), parameter.grad.clone()][-2:]
            state["moments"] = {"mean": parameter.grad / 2, "step": torch.zeros(())}


def test_tensors_in_containers_are_counted_under_joined_names():
    torch.manual_seed(0)
    model, writer = Scaled(), MemoryWriter()
    optimizer = Historic(model.parameters(), {})
    hist = ActivationHistLogger(model, writer, kinds="optimizer_state", on_error="raise")
    train(optimizer, model, hist, steps=2)
    found = writer.histograms
    assert {name.partition("weight/")[2] for name in found if "weight/" in name} == {
        "history.0", "history.1", "moments.mean",
    }  # fmt: skip
    kept = states_of(optimizer)[model.weight]
    last = found["optimizer_state/Scaled.weight/history.1"].take([-1])
    assert_counted(last, [tensor_to_values(kept["history"][1])])


def test_which_shapes_are_factors():
    matrix, vector = torch.zeros(4, 3), torch.zeros(4)
    shapes = [(4,), (3,), (4, 1), (1, 3), (4, 3), (), (1,), (12,)]
    assert [s for s in shapes if is_factor(torch.zeros(s), matrix)] == [(4,), (3,), (4, 1), (1, 3)]
    assert not any(is_factor(torch.zeros(s), vector) for s in shapes)


class Wrapper(torch.optim.Optimizer):
    """An optimizer around an optimizer, as sharpness-aware minimisation has it."""

    def __init__(self, parameters: Any) -> None:
        super().__init__(parameters, {})
        self.inner = torch.optim.Adam(self.param_groups)

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                self.state[parameter]["old_p"] = parameter.clone()
        self.inner.step()


def test_an_optimizer_in_an_optimizer_shows_the_states_of_both():
    model, writer = nn.Linear(3, 2), MemoryWriter()
    hist = ActivationHistLogger(model, writer, kinds="optimizer_state", on_error="raise")
    kept = train(Wrapper(model.parameters()), model, hist)
    names = {key.rpartition("/")[2] for key in writer.histograms}
    assert names == {"exp_avg", "exp_avg_sq", "m_over_sqrt_v", "old_p"}
    series = writer.histograms["optimizer_state/Linear.weight/exp_avg"]
    assert_counted(series, [tensor_to_values(each["exp_avg"]) for each in kept])


def test_a_parameter_that_never_had_a_gradient_has_a_ratio_of_zero():
    model, writer = nn.Linear(3, 2), MemoryWriter()
    optimizer = torch.optim.Adam(model.parameters())
    with ActivationHistLogger(
        model, writer, kinds="optimizer_state", optimizer=optimizer, on_error="raise"
    ):
        (model(torch.zeros(1, 3)).sum() * 0).backward()
        optimizer.step()
    ratio = writer.histograms["optimizer_state/Linear.weight/m_over_sqrt_v"]
    assert (ratio.zeros.tolist(), ratio.nans.tolist()) == ([6], [0])


def test_it_is_counted_in_steps_in_which_the_optimizer_rests_as_weights_are():
    model, writer = nn.Linear(3, 2), MemoryWriter()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    with ActivationHistLogger(model, writer, kinds=["optimizer_state", "weights"]) as hist:
        for rests in (False, True):
            model(torch.ones(1, 3)).sum().backward()
            if not rests:
                optimizer.step()
            hist.step()
    found = writer.histograms["optimizer_state/Linear.weight/momentum_buffer"]
    assert found.steps.tolist() == writer.histograms["weights/Linear.weight"].steps.tolist()
