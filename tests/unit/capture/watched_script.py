"""A training script whose parts can be changed, and the facts that are noted of it."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

import torch
from torch import nn

from tb_activation_hist import ActivationHistLogger, MemoryWriter
from tb_activation_hist.findings import RunFacts, info_to_run_facts

FactT = TypeVar("FactT")


def make_model() -> nn.Sequential:
    torch.manual_seed(0)
    norm = nn.BatchNorm1d(8, momentum=0.2)
    return nn.Sequential(nn.Linear(4, 8), norm, nn.Dropout(0.3), nn.Linear(8, 3))


class Script:
    """A training loop; what it does beside the usual is given by name."""

    def __init__(self, **does: Any) -> None:
        self.does = does
        self.model = make_model()
        prepare = does.get("prepare")
        if prepare:
            prepare(self.model)
        self.optimizer = torch.optim.Adam(self.model.parameters(), 1e-2, weight_decay=0.1)
        self.start = copy.deepcopy(self.model.state_dict())

    def run(self, steps: int = 20) -> RunFacts:
        memory = MemoryWriter()
        with ActivationHistLogger(self.model, memory, on_error="raise") as logger:
            for step in range(steps):
                self.before(step)
                loss = self.backward()
                if self.does.get("clip"):
                    nn.utils.clip_grad_norm_(self.model.parameters(), 0.1)
                self.optimizer.step()
                logger.step(loss=loss)
        return info_to_run_facts(memory.run_info)

    def before(self, step: int) -> None:
        every = self.does.get("load_every")
        if every and step % every == 0:
            self.model.load_state_dict(self.start)
        if self.does.get("swap"):
            own = copy.deepcopy(self.model.state_dict())
            self.model.load_state_dict(self.start)
            self.model.load_state_dict(own)
        clear = self.does.get("clear", "none")
        if clear != "never":
            self.optimizer.zero_grad(set_to_none=clear == "none")

    def backward(self) -> float:
        for _ in range(self.does.get("parts", 1)):
            loss = self.model(torch.randn(16, 4)).square().mean()
            loss.backward()
        return float(loss.detach())


def only(facts: RunFacts, kind: type[FactT]) -> FactT:
    (found,) = facts.of(kind)[:1]
    return found
