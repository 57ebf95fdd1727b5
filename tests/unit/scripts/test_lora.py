"""PEFT's LoRA: the adapters are trained, the base model is not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

peft = pytest.importorskip("peft", reason="peft is for the developers")

from tb_activation_hist.core.errors import ActivationHistWarning  # noqa: E402 - after the skip
from tb_activation_hist.recording.logger import ActivationHistLogger  # noqa: E402 - after the skip
from tb_activation_hist.storage.memory_writer import MemoryWriter  # noqa: E402 - after the skip
from tb_activation_hist.storage.run_histograms import read_run  # noqa: E402 - after the skip
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


def test_adapters_that_come_merge_and_go_leave_the_layers_their_names(tmp_path: Path) -> None:
    model = Base()

    def steps(hist: ActivationHistLogger, count: int) -> None:
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        for _ in range(count):
            model(torch.randn(5, 4, requires_grad=True)).square().mean().backward()
            optimizer.step()
            optimizer.zero_grad()
            hist.step()

    options = {"kinds": ("activations", "weights", "updates"), "on_error": "raise"}
    config = peft.LoraConfig(r=2, target_modules=["query"])
    with ActivationHistLogger(model, tmp_path, **options) as hist:
        steps(hist, 2)
        adapted = peft.get_peft_model(model, config)
        with pytest.warns(ActivationHistWarning, match="end of step 3: replaced query; added"):
            steps(hist, 2)
        adapted.merge_adapter()
        steps(hist, 1)
        adapted.unmerge_adapter()
        steps(hist, 1)
        adapted.merge_and_unload()
        steps(hist, 2)
    run = read_run(str(tmp_path))
    everywhere = list(range(1, 9))
    for key in ("query", "act", "head", "weights/query.weight", "weights/head.weight"):
        assert run[key].steps.tolist() == everywhere, key
    assert run["query"].n.tolist() == [5 * 8] * 8
    assert run["weights/query.weight"].n.tolist() == [4 * 8] * 8
    assert run["updates/query.weight"].steps.tolist() == [1, 2]
    for side, size in (("A", 2), ("B", 8)):
        assert run[f"query.lora_{side}.default"].steps.tolist() == [3, 4, 6]
        assert run[f"query.lora_{side}.default"].n.tolist() == [5 * size] * 3
        assert run[f"weights/query.lora_{side}.default.weight"].steps.tolist() == [3, 4, 5, 6]
    notes = run.info["changes"]
    assert notes[0].startswith("step 3: replaced query; added query.base_layer, ")
    assert notes[1:3] == ["step 5: merged adapters of query", "step 6: unmerged adapters of query"]
    assert notes[3].startswith("step 7: replaced query; removed query.base_layer, ")
