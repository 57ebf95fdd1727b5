"""Norms that the optimizer has not, and heads and parts of blocks that get no gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest
import torch
from torch import Tensor, nn

from tb_activation_hist.findings import Finding
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.recording.run_findings import find_memory_findings
from tb_activation_hist.storage.memory_writer import MemoryWriter

OPTIONS: Final[dict[str, Any]] = {"on_error": "raise", "overhead_budget": None}
"""Without a budget, since fewer records would be made where the machine is busy."""


class Block(nn.Module):
    """Puts out what goes on, and a forecast of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(16, 16)
        self.norm = nn.LayerNorm(16)
        self.now = nn.Linear(16, 1)
        self.past = nn.Linear(16, 16)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.norm(self.inner(x)).relu()
        return self.now(hidden), x - self.past(hidden)


class Stack(nn.Module):
    """Blocks, of which nothing uses the last one's `past`, and perhaps heads."""

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Block() for _ in range(3)])
        self.heads = nn.ModuleList([nn.Linear(16, 1) for _ in range(heads)])

    def forward(self, x: Tensor) -> list[Tensor]:
        given, total = x, torch.zeros(len(x), 1)
        for block in self.blocks:
            now, x = block(x)
            total = total + now
        return [total, *[head(given) for head in self.heads]]


def is_any(_name: str) -> bool:
    return True


def train(heads: int = 0, trained: Callable[[str], bool] = is_any) -> list[Finding]:
    """Findings `not_learning`. Only the last head's loss is left out."""
    torch.manual_seed(0)
    model = Stack(heads)
    own = [p for name, p in model.named_parameters() if trained(name)]
    optimizer = torch.optim.SGD(own, 1e-2)
    writer = MemoryWriter()
    with ActivationHistLogger(model, writer, optimizer=optimizer, **OPTIONS):
        for _ in range(64):
            x = torch.randn(16, 16)
            outputs = model(x)
            used = outputs[:-1] if heads else outputs
            loss = torch.stack([(y[:, 0] - x.sum(1)).square().mean() for y in used]).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return [each for each in find_memory_findings(writer) if each.kind == "not_learning"]


def test_the_last_blocks_unused_output_is_only_worth_knowing() -> None:
    (finding,) = train()
    assert (finding.severity, finding.layers) == ("info", ("blocks.2.past",))


@pytest.mark.parametrize("heads", [1, 2])
def test_a_head_without_a_gradient_is_a_warning(heads: int) -> None:
    told = {finding.layers: finding.severity for finding in train(heads)}
    assert "warning" in {told[key] for key in told if f"heads.{heads - 1}" in key}


class Heads(nn.Module):
    """Two linear layers whose outputs a loss does not use, before the one that it does."""

    def __init__(self, first: nn.Linear, second: nn.Linear) -> None:
        super().__init__()
        self.trunk, self.first, self.second = nn.Linear(16, 16), first, second
        self.head = nn.Linear(16, 16)

    def forward(self, x: Tensor) -> Tensor:
        x = self.trunk(x).relu()
        other = self.first(x)
        self.second(x if self.second.in_features == 16 else other)
        return self.head(x)


@pytest.mark.parametrize(
    ("middle", "outputs", "severity"), [(16, 4, "info"), (8, 4, "warning"), (8, 1, "warning")]
)
def test_heads_beside_each_other_may_be_unused_a_branch_may_not(
    middle: int, outputs: int, severity: str
) -> None:
    torch.manual_seed(0)
    model = Heads(nn.Linear(16, 8), nn.Linear(middle, outputs))
    found = find_left_out(model, "none")
    (finding,) = [each for each in found if each.kind == "not_learning"]
    assert (finding.severity, finding.layers) == (severity, ("first", "second"))


class Cut(nn.Linear):
    """Its weights get no gradient, but what comes before it does."""

    def forward(self, x: Tensor) -> Tensor:
        assert self.bias is not None
        return nn.functional.linear(x, self.weight.data, self.bias.data)


@pytest.mark.parametrize(
    ("activation", "severity"), [(nn.ReLU(), "warning"), (nn.LayerNorm(16), "info")]
)
def test_a_layer_that_feeds_one_that_learns_is_not_unused(
    activation: nn.Module, severity: str
) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(16, 16), nn.ReLU(), Cut(16, 16), activation, nn.Linear(16, 16))
    found = find_left_out(model, "none")
    (finding,) = [each for each in found if each.kind == "not_learning"]
    assert (finding.severity, finding.layers) == (severity, ("2",))


def test_norms_that_the_optimizer_has_not_are_a_warning() -> None:
    found = train(trained=lambda name: ".norm." not in name)
    (norms,) = [each for each in found if each.severity == "warning"]
    assert norms.layers == tuple(f"blocks.{at}.norm" for at in range(3))
    assert "gradients arrive, but no update follows" in norms.title


class NormAndReLU(nn.BatchNorm1d):
    """A norm with the nonlinearity inside, as timm has it: no leaf, so no recorded layer."""

    def __init__(self) -> None:
        super().__init__(16)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(super().forward(x))


class Residual(nn.Module):
    """Adds what a branch makes of its input, and a last layer."""

    def __init__(self, last: nn.Module) -> None:
        super().__init__()
        self.branch = nn.Sequential(nn.Linear(16, 16), NormAndReLU(), nn.Linear(16, 16), last)
        self.head = nn.Linear(16, 16)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(x + self.branch(x))


def find_in_branch(last: nn.Module, left_out: str) -> list[Finding]:
    """Warnings and errors where one part of the branch is in no optimizer."""
    torch.manual_seed(0)
    return find_without(Residual(last), left_out)


def find_without(model: nn.Module, left_out: str) -> list[Finding]:
    """Warnings and errors where parameters of such names are in no optimizer."""
    return [each for each in find_left_out(model, left_out) if each.severity != "info"]


def find_left_out(model: nn.Module, left_out: str) -> list[Finding]:
    """Findings where parameters of such names are in no optimizer."""
    own = [p for name, p in model.named_parameters() if left_out not in name]
    optimizer = torch.optim.SGD(own, 1e-2)
    writer = MemoryWriter()
    with ActivationHistLogger(model, writer, optimizer=optimizer, **OPTIONS):
        for _ in range(64):
            x = torch.randn(16, 16)
            optimizer.zero_grad()
            (model(x) - x.roll(1, 1)).square().mean().backward()
            optimizer.step()
    return find_memory_findings(writer)


def test_a_norm_with_its_nonlinearity_inside_is_found_by_its_parameters() -> None:
    (finding,) = find_in_branch(nn.Linear(16, 16), "branch.1.")
    assert (finding.kind, finding.layers) == ("not_learning", ("branch.1.act",))
    assert "gradients arrive, but no update follows" in finding.title


def test_weights_that_begin_at_0_and_are_left_out_are_no_collapse() -> None:
    last = nn.Linear(16, 16, bias=False)
    nn.init.zeros_(last.weight)
    (finding,) = find_in_branch(last, "branch.3.")
    assert (finding.kind, finding.layers) == ("not_learning", ("branch.3",))


def test_adapters_that_are_left_out_in_several_blocks_are_no_collapse() -> None:
    """Layers that learn lie between them, so that each is a finding of its own."""
    torch.manual_seed(0)
    lasts = [nn.Linear(16, 16, bias=False) for _ in range(2)]
    for last in lasts:
        nn.init.zeros_(last.weight)
    found = find_without(nn.Sequential(*map(Residual, lasts)), "branch.3.")
    assert {finding.kind for finding in found} == {"not_learning"}
    assert {layer for own in found for layer in own.layers} == {"0.branch.3", "1.branch.3"}


@pytest.mark.parametrize("detached", [True, False])
def test_norms_that_begin_at_0_in_blocks_that_nothing_arrives_at_are_no_collapse(
    detached: bool,
) -> None:
    """As the last norms of timm's residual blocks do, frozen or cut off from the loss."""

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Linear(16, 16)
            self.norm = nn.BatchNorm1d(16)
            nn.init.zeros_(self.norm.weight)

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = x + self.norm(self.conv(x))
            return out.detach() if detached else out

    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(16, 16), Block(), nn.Linear(16, 4))
    model[:2].requires_grad_(detached)
    optimizer, memory = torch.optim.Adam(model.parameters(), 1e-2), MemoryWriter()
    with ActivationHistLogger(model, memory, on_error="raise") as logger:
        for _ in range(80):
            x = torch.randn(16, 16)
            optimizer.zero_grad()
            (model(x) - x[:, :4]).square().mean().backward()
            optimizer.step()
            logger.step()
    kinds = {own.kind for own in find_memory_findings(memory)}
    assert kinds == {"not_learning" if detached else "frozen"}


@pytest.mark.parametrize("kept", ["bias", "norm"])
def test_matrices_that_no_optimizer_has_while_others_learn(kept: str) -> None:
    found = [each for each in train(trained=lambda name: kept in name) if each.severity != "info"]
    assert {"blocks.0.inner", "blocks.2.inner"} <= {name for each in found for name in each.layers}
    assert all("no update follows" in each.title for each in found)


@pytest.mark.parametrize("warms_up", [True, False])
def test_updates_that_are_rounded_away_while_the_rate_rises(warms_up: bool) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1)
    )
    groups = [
        {"params": model[0].parameters(), "lr": 1e-16},
        {"params": model[2:].parameters(), "lr": 1e-2},
    ]
    optimizer = torch.optim.SGD(groups)
    with ActivationHistLogger(model, MemoryWriter(), optimizer=optimizer, **OPTIONS) as logger:
        for step in range(1, 64):
            optimizer.param_groups[0]["lr"] = 1e-16 * (step if warms_up else 1)
            optimizer.zero_grad()
            model(torch.randn(16, 16)).square().mean().backward()
            optimizer.step()
        found = [f for f in logger.findings() if f.kind == "not_learning"]
    assert [f.layers for f in found if "still_steps" in f.threshold] == [("0",)] * (not warms_up)
