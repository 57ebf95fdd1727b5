"""Deep Q-learning: an online network that is trained and a target network that is copied."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import nn

from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.unit.scripts.witness import EVERY_KIND, Witness, assert_recorded

COPIED_EVERY = 25
STEPS = 200


class Agent(nn.Module):
    def __init__(self, *, target_first: bool = False) -> None:
        super().__init__()
        online = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
        target = copy.deepcopy(online).requires_grad_(False)
        networks = {"online": online, "target": target}
        for name in sorted(networks, reverse=target_first):
            self.add_module(name, networks[name])


def train(
    agent: Agent, optimizer: torch.optim.Optimizer, end_step: Callable[[], object], steps: int
) -> None:
    """Learn from random transitions; act, in evaluation mode, after each step."""
    for number in range(steps):
        state, following = torch.randn(2, 32, 4)
        with torch.no_grad():
            wanted = state.sum(1) + 0.9 * agent.target(following).max(1).values
        optimizer.zero_grad()
        nn.functional.smooth_l1_loss(agent.online(state)[:, 0], wanted).backward()
        optimizer.step()
        end_step()
        if number % COPIED_EVERY == COPIED_EVERY - 1:
            agent.target.load_state_dict(agent.online.state_dict())
        with torch.no_grad():
            agent.online.eval()(state[:1])
        agent.online.train()


def test_both_networks_are_recorded_and_only_the_online_one_has_gradients() -> None:
    torch.manual_seed(0)
    agent, writer = Agent(), MemoryWriter()
    optimizer = torch.optim.Adam(agent.online.parameters(), 1e-2)
    witness = Witness(agent, EVERY_KIND, [optimizer])
    with ActivationHistLogger(agent, writer, kinds=EVERY_KIND, on_error="raise") as hist:

        def end_step() -> None:
            witness.end_step()
            hist.step()

        train(agent, optimizer, end_step, steps=5)
    assert_recorded(writer.histograms, witness.seen)
    moved = {key.split("/")[0] for key in writer.histograms if "target" in key}
    assert moved == {"target.0", "target.1", "target.2", "weights"}


@pytest.mark.parametrize("target_first", [False, True])
@pytest.mark.parametrize("kinds", [("activations",), EVERY_KIND], ids=["activations", "all"])
def test_a_target_network_is_not_said_to_be_not_learning(
    kinds: tuple[str, ...], target_first: bool
) -> None:
    """It stands still between two copies; that is how the method works."""
    torch.manual_seed(0)
    agent, writer = Agent(target_first=target_first), MemoryWriter()
    optimizer = torch.optim.Adam(agent.online.parameters(), 1e-2)
    options = {"kinds": kinds, "warn_on": ["not_learning"], "on_error": "raise"}
    with ActivationHistLogger(agent, writer, **options) as hist:
        train(agent, optimizer, hist.step, steps=STEPS)
        told = [finding.title for finding in hist.findings() if finding.kind == "not_learning"]
    assert told == []
