"""Dropout that is a function in forward()."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tb_activation_hist import ActivationHistLogger, MemoryWriter
from tb_activation_hist.core.setup_facts import ForwardDropout
from tb_activation_hist.findings import Finding, info_to_run_facts
from tb_activation_hist.recording.run_findings import find_memory_findings


class Model(nn.Module):
    def __init__(self, drop: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.stem = nn.Linear(8, 32)
        self.head = nn.Linear(32, 3)
        self.drop = drop

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.head(self.drop(self.stem(x).relu()))
        return output


def train(model: nn.Module, steps: int = 24) -> tuple[list[ForwardDropout], list[Finding]]:
    torch.manual_seed(0)
    optimizer, memory = torch.optim.Adam(model.parameters(), 1e-2), MemoryWriter()
    with ActivationHistLogger(model, memory, on_error="raise") as logger:
        for _ in range(steps):
            x = torch.randn(32, 8)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), (x[:, 0] > 0).long())
            loss.backward()
            optimizer.step()
            logger.step(loss=loss)
    findings = [f for f in find_memory_findings(memory) if f.kind == "strong_dropout"]
    return info_to_run_facts(memory.run_info).of(ForwardDropout), findings


@pytest.mark.parametrize(
    ("drop", "percent"),
    [
        (lambda h: F.dropout(h, 0.95), 95),
        (lambda h: torch.dropout(h, 0.9, True), 90),
        (lambda h: F.dropout(h.T, 0.9).T, 90),
        (lambda h: F.dropout(h, 0.5), 0),
        (lambda h: h * (torch.rand_like(h) < 0.05), 0),  # zeros that nothing makes up for
        (lambda h: h * 20.0, 0),
        (lambda h: h * h.detach().relu(), 0),
    ],
)
def test_functions_that_drop_nearly_all(drop: Callable[[Tensor], Tensor], percent: int) -> None:
    facts, findings = train(Model(drop))
    assert [fact.percent for fact in facts] == [percent] * bool(percent)
    told = [(f.layers, f.first_step, f.severity) for f in findings]
    assert told == [(("stem",), 1, "warning")] * bool(percent)


def test_a_layer_of_which_only_a_part_is_recorded() -> None:
    class Norm(nn.LayerNorm):
        def __init__(self) -> None:
            super().__init__(32)
            self.act = nn.ReLU()

        def forward(self, x: Tensor) -> Tensor:
            output: Tensor = self.act(super().forward(x))
            return output

    model = Model(lambda h: F.dropout(h, 0.95))
    model.stem = nn.Sequential(nn.Linear(8, 32), Norm())
    (finding,) = train(model)[1]
    assert "1.act" in finding.layers[0]


def test_a_module_is_reported_by_its_setting_alone() -> None:
    (finding,) = train(Model(nn.Dropout(0.95)))[1]
    assert finding.layers == ("drop",)


def test_what_a_fused_operation_drops_is_known_by_its_own_number() -> None:
    share, model = 0.9, Model(lambda h: torch.native_dropout(h, 0.9, True)[0])
    (fact,) = train(model)[0]
    assert fact == ForwardDropout(("stem",), round(100 * share), 1)
