"""Parameters that a model uses and has not registered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tb_activation_hist import ActivationHistLogger, MemoryWriter
from tb_activation_hist.core.setup_facts import StrayParameters
from tb_activation_hist.findings import Finding, info_to_run_facts
from tb_activation_hist.recording.run_findings import find_memory_findings


class Hidden(nn.Module):
    """Uses what it was given as a plain attribute."""

    def __init__(self, hidden: Any, use: Callable[[Any, Tensor], Tensor]) -> None:
        super().__init__()
        self.head = nn.Linear(8, 3)
        self.hidden = hidden
        self.use = use

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.head(self.use(self.hidden, x).relu())
        return output


class Apart:
    """An object that is no module and has one."""

    def __init__(self, layer: nn.Module) -> None:
        self.layer = layer

    def __call__(self, x: Tensor) -> Tensor:
        output: Tensor = self.layer(x)
        return output


def of_object(apart: Any, x: Tensor) -> Tensor:
    output: Tensor = apart(x)
    return output


def first(layers: Any, x: Tensor) -> Tensor:
    output: Tensor = layers[0](x)
    return output


def by_name(layers: Any, x: Tensor) -> Tensor:
    output: Tensor = layers["one"][0](x)
    return output


def product(weight: Any, x: Tensor) -> Tensor:
    output: Tensor = x @ weight
    return output


def nothing(_hidden: Any, x: Tensor) -> Tensor:
    return x


def train(
    model: Hidden, more: Any = (), by_hand: Any = ()
) -> tuple[list[StrayParameters], list[Finding]]:
    """more: parameters that the optimizer has beside the model's. by_hand: those stepped so."""
    optimizer, memory = torch.optim.Adam([*model.parameters(), *more], 1e-2), MemoryWriter()
    with ActivationHistLogger(model, memory, on_error="raise") as logger:
        for _ in range(40):
            x = torch.randn(16, 8)
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), (x[:, 0] > 0).long())
            loss.backward()
            optimizer.step()
            for each in by_hand:
                each.data -= 0.01 * each.grad
                each.grad = None
            logger.step(loss=loss)
    facts = info_to_run_facts(memory.run_info).of(StrayParameters)
    return facts, [own for own in find_memory_findings(memory) if "stray" in own.threshold]


@pytest.mark.parametrize(
    ("hidden", "use", "names"),
    [
        ([nn.Linear(8, 8)], first, ("hidden[0].weight", "hidden[0].bias")),
        ((nn.Linear(8, 8, bias=False),), first, ("hidden[0].weight",)),
        ({"one": [nn.Linear(8, 8, bias=False)]}, by_name, ("hidden['one'][0].weight",)),
        (torch.randn(8, 8, requires_grad=True), product, ("hidden",)),
        (Apart(nn.Linear(8, 8, bias=False)), of_object, ("hidden.layer.weight",)),
    ],
)
def test_what_is_used_and_not_registered(
    hidden: Any, use: Callable[[Any, Tensor], Tensor], names: tuple[str, ...]
) -> None:
    (fact,), (finding,) = train(Hidden(hidden, use))
    assert (fact.layers, fact.count, fact.first) == (names, len(names), 1)
    assert (finding.kind, finding.severity, finding.first_step) == ("not_learning", "warning", 1)
    assert finding.layers == names


def test_a_teacher_that_is_hidden_on_purpose() -> None:
    assert train(Hidden([nn.Linear(8, 8)], nothing)) == ([], [])


def test_a_model_that_is_registered_elsewhere() -> None:
    model = Hidden(None, nothing)
    model.hidden = [model.head, model]
    assert train(model) == ([], [])


def test_hidden_parameters_that_the_optimizer_has() -> None:
    layer = nn.Linear(8, 8)
    assert train(Hidden([layer], first), more=layer.parameters()) == ([], [])


def test_hidden_parameters_that_are_stepped_by_hand() -> None:
    weight = torch.randn(8, 8, requires_grad=True)
    assert train(Hidden(weight, product), by_hand=[weight])[1] == []


class Makes(nn.Module):
    """A layer, or a parameter, that each call makes; kept: by whom. own: whether as its own."""

    def __init__(
        self, make: Callable[[], Any], kept: list[Any] | None = None, *, own: bool = False
    ) -> None:
        super().__init__()
        self.make = make
        self.kept = kept
        self.own = own

    def forward(self, x: Tensor) -> Tensor:
        made = self.make()
        if self.own:
            self.made = made
        if self.kept is not None:
            made = self.kept[0] if self.kept else made
            self.kept[:] = [made]
        output: Tensor = made(x) if isinstance(made, nn.Module) else x @ made
        return output


def train_with(made: nn.Module, optimizers: Callable[[Any], Any] = lambda _: ()) -> list[Finding]:
    """Which strays are told of a network with this module in its middle."""
    model = nn.Sequential(nn.Linear(8, 8), nn.Sequential(nn.ReLU(), made), nn.Linear(8, 3))
    optimizer, memory = torch.optim.Adam(model.parameters(), 1e-2), MemoryWriter()
    with ActivationHistLogger(model, memory, on_error="raise") as logger:
        for _ in range(40):
            x = torch.randn(16, 8)
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), (x[:, 0] > 0).long())
            loss.backward()
            optimizer.step()
            for each in optimizers(made):
                each.step()
            logger.step(loss=loss)
    return [own for own in find_memory_findings(memory) if "stray" in own.threshold]


@pytest.mark.filterwarnings("ignore:The model's layers changed")
@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize(
    ("make", "count"), [(lambda: nn.Linear(8, 8), 2), (lambda: nn.Parameter(torch.eye(8)), 1)]
)
def test_layers_that_forward_makes_anew(make: Callable[[], Any], count: int, own: bool) -> None:
    (finding,) = train_with(Makes(make, own=own))
    assert (finding.kind, finding.severity) == ("not_learning", "warning")
    assert finding.first_step <= 2
    assert finding.layers == ("1.1",)
    assert finding.figures["strays"] == count
    assert "makes" in finding.title


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.randn(8, 8),
        lambda: nn.Parameter(torch.eye(8), requires_grad=False),
        lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(8, 8)).requires_grad_(False),
    ],
)
def test_random_features_that_forward_makes(make: Callable[[], Any]) -> None:
    assert train_with(Makes(make)) == []


def test_a_layer_that_the_first_pass_makes_and_keeps() -> None:
    (finding,) = train_with(Makes(lambda: nn.Linear(8, 8), kept=[]))
    assert "makes" not in finding.title


def test_a_layer_that_an_optimizer_of_its_own_gets() -> None:
    """Made anew for each batch, as the weights of an inner loop are."""

    made = Makes(lambda: nn.Linear(8, 8), kept=[])

    def step(_: Any) -> Any:
        optimizers = [torch.optim.SGD(each.parameters(), 0.1) for each in made.kept or ()]
        yield from optimizers
        made.kept = []

    assert train_with(made, step) == []
