"""Healthy trainings in which nothing is learnt for some time: none may be disturbed or stopped."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tb_activation_hist.findings import WATCHED_KINDS
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter


def watch(model: nn.Module | dict[str, nn.Module]) -> ActivationHistLogger:
    torch.manual_seed(0)
    return ActivationHistLogger(
        model, MemoryWriter(), stop_on=WATCHED_KINDS, overhead_budget=None, on_error="raise"
    )


def perceptron(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, 16), nn.ReLU(), nn.Linear(16, outputs))


def test_a_generator_waits_while_the_judge_has_a_start() -> None:
    generator, judge = perceptron(4, 8), perceptron(8, 1)
    makers = torch.optim.Adam(generator.parameters(), 1e-3)
    judges = torch.optim.Adam(judge.parameters(), 1e-3)
    with watch({"generator": generator, "judge": judge}) as logger:
        for step in range(40):
            fakes, real = generator(torch.randn(32, 4)), torch.randn(32, 8)
            loss = F.softplus(-judge(real)).mean() + F.softplus(judge(fakes.detach())).mean()
            judges.zero_grad()
            loss.backward()
            judges.step()
            if step >= 24:
                makers.zero_grad()
                F.softplus(-judge(fakes)).mean().backward()
                makers.step()
            logger.step()
    assert not logger.should_stop


def test_gradients_of_64_batches_are_added_up() -> None:
    model = perceptron(8, 1)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    with watch(model) as logger:
        for batch in range(72):
            x = torch.randn(16, 8)
            loss = (model(x)[:, 0] - x.sum(1)).square().mean()
            (loss / 64).backward()
            if batch % 64 == 63:
                optimizer.step()
                optimizer.zero_grad()
            logger.step(loss=loss)
    assert not logger.should_stop


def test_a_policy_that_has_found_no_reward_yet() -> None:
    policy = perceptron(8, 4)
    optimizer = torch.optim.Adam(policy.parameters(), 1e-2)
    with watch(policy) as logger:
        for step in range(72):
            chosen = torch.distributions.Categorical(logits=policy(torch.randn(32, 8)))
            actions = chosen.sample()
            reward = (actions == 0).float() * (step >= 60)
            loss = -(chosen.log_prob(actions) * (reward - reward.mean())).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            logger.step(loss=loss)
    assert not logger.should_stop


def train_behind_a_round() -> None:
    model = perceptron(8, 1)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    with watch(model) as logger:
        for _ in range(20):
            x = torch.randn(16, 8)
            loss = (model(x).round()[:, 0] - x.sum(1)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            logger.step(loss=loss)
    assert logger.should_stop


def test_a_loss_without_a_slope_is_known_soon() -> None:
    """It is not 0, so that no reward is missing."""
    with pytest.warns(UserWarning, match="exactly 0"):
        train_behind_a_round()
