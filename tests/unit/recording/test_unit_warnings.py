"""A dead unit is reported while the training runs, with ``warn_on``, and is found afterwards."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tb_activation_hist import ActivationHistLogger, ActivationHistWarning, MemoryWriter

STEPS, ONSET = 70, 21


def train(model: nn.Sequential, logger: ActivationHistLogger) -> None:
    with logger:
        for step in range(1, STEPS + 1):
            if step == ONSET:
                with torch.no_grad():
                    model[0].bias[4:7] = -100.0
            model(torch.randn(32, 8))
            logger.step()


def test_dead_units_are_warned_of_and_found() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU())
    logger = ActivationHistLogger(model, MemoryWriter(), split={"1": 1}, warn_on="dead_units")
    told = r"layer 1: 3 of 32 units dead since step 21 \(4-6\)"
    with pytest.warns(ActivationHistWarning, match=told):
        train(model, logger)
    (finding,) = logger.findings()
    assert (finding.kind, finding.figures["units"]) == ("dead_units", [4, 5, 6])
