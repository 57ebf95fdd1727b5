"""PEFT's LoRA: the adapters are trained, the base model is not."""

from __future__ import annotations

import pytest
import torch
from torch import nn

peft = pytest.importorskip("peft", reason="peft is for the developers")

from tb_activation_hist.recording.logger import ActivationHistLogger  # noqa: E402 - after the skip
from tb_activation_hist.storage.writer import MemoryWriter  # noqa: E402 - after the skip
from tests.unit.scripts.witness import EVERY_KIND, Witness, assert_recorded  # noqa: E402 - after the skip


class Base(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.query, self.act, self.head = nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.act(self.query(x)))


def test_adapters_and_the_frozen_base_are_exact() -> None:
    torch.manual_seed(0)
    config = peft.LoraConfig(r=2, target_modules=["query"], lora_dropout=0.1)
    model = peft.get_peft_model(Base(), config)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, 0.01)
    witness, writer = Witness(model, EVERY_KIND, [optimizer]), MemoryWriter()
    with ActivationHistLogger(model, writer, kinds=EVERY_KIND, on_error="raise") as hist:
        for _ in range(4):
            model(torch.randn(5, 4)).square().mean().backward()
            optimizer.step()
            optimizer.zero_grad()
            witness.end_step()
            hist.step()
    recorded = writer.histograms
    base = "base_model.model."
    assert_recorded(recorded, witness.seen)
    updated = {key for key in recorded if key.startswith("updates/")}
    assert updated == {f"updates/{base}query.lora_{side}.default.weight" for side in ("A", "B")}
