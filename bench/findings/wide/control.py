"""Agents that learn to balance a pole: PPO and DQN."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from bench.findings.wide.training import Batch, Phase, Task

POLES, ROLLOUT, DISCOUNT = 16, 16, 0.97


class Poles:
    """Carts with poles, side by side; an episode ends when a pole falls, or after 200 steps."""

    def __init__(self, count: int = POLES) -> None:
        self._random = torch.Generator().manual_seed(0)
        self.state = self._fresh(count)
        self._age = torch.zeros(count)

    def _fresh(self, count: int) -> Tensor:
        return torch.rand(count, 4, generator=self._random) * 0.1 - 0.05

    def step(self, action: Tensor) -> tuple[Tensor, Tensor]:
        """Rewards and ends (0 or 1) of actions 0 (left) and 1 (right)."""
        place, speed, angle, turn = self.state.unbind(1)
        force = action.float() * 20 - 10
        push = (force + 0.05 * turn**2 * angle.sin()) / 1.1
        lift = (9.8 * angle.sin() - angle.cos() * push) / (
            0.5 * (4 / 3 - 0.1 * angle.cos() ** 2 / 1.1)
        )
        drive = push - 0.05 * lift * angle.cos() / 1.1
        moved = (
            place + 0.02 * speed,
            speed + 0.02 * drive,
            angle + 0.02 * turn,
            turn + 0.02 * lift,
        )
        self.state, self._age = torch.stack(moved, 1), self._age + 1
        fallen = (self.state[:, 0].abs() > 2.4) | (self.state[:, 2].abs() > 0.21)
        ended = fallen | (self._age >= 200)
        self.state[ended] = self._fresh(int(ended.sum()))
        self._age[ended] = 0
        return 1.0 - fallen.float(), ended.float()


class Agent(nn.Module):
    """Policy and value on a common body."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh())
        self.policy, self.value = nn.Linear(48, 2), nn.Linear(48, 1)

    def forward(self, state: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.body(state)
        return self.policy(hidden), self.value(hidden)[:, 0]


def ppo() -> Task:
    agent, poles = Agent(), Poles()
    random = torch.Generator().manual_seed(1)
    kept: list[Batch] = []

    def draw(_: int) -> Batch:
        # Four updates to a rollout.
        if not kept:
            rollout = _roll(agent, poles, random)
            kept.extend([rollout] * 4)
        return kept.pop()

    def loss(batch: Batch) -> Tensor:
        states, actions, old, advantages, returns = batch
        logits, values = agent(states)
        ratio = (_chosen(logits.float(), actions) - old).exp()
        clipped = torch.minimum(ratio * advantages, ratio.clamp(0.8, 1.2) * advantages)
        spread = torch.distributions.Categorical(logits=logits.float()).entropy()
        value = nn.functional.smooth_l1_loss(values.float(), returns)
        return -clipped.mean() + 0.5 * value - 0.01 * spread.mean()

    parts = {"head": "value", "middle": "body.2", "embedding": "body.0", "branch": "value"}
    return Task({"": agent}, [Phase((agent,), loss)], draw, parts)


def _chosen(logits: Tensor, actions: Tensor) -> Tensor:
    return logits.log_softmax(-1).gather(-1, actions[:, None])[:, 0]


def _roll(agent: Agent, poles: Poles, random: torch.Generator) -> Batch:
    rows, rewards, ends, values = [], [], [], []
    with torch.no_grad():
        for _ in range(ROLLOUT):
            state = poles.state
            logits, value = agent(state)
            actions = torch.multinomial(logits.float().softmax(-1), 1, generator=random)[:, 0]
            reward, ended = poles.step(actions)
            rows.append((state, actions, _chosen(logits.float(), actions)))
            rewards.append(reward)
            ends.append(ended)
            values.append(value.float())
        following = agent(poles.state)[1].float()
    returns = []
    for reward, ended in zip(reversed(rewards), reversed(ends), strict=True):
        following = reward + DISCOUNT * following * (1 - ended)
        returns.insert(0, following)
    gained = torch.cat(returns)
    advantages = gained - torch.cat(values)
    advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-6)
    states, actions, old = (torch.cat(each) for each in zip(*rows, strict=True))
    return states, actions, old, advantages, gained


def dqn() -> Task:
    """Replay buffer, target network, actions at random less and less."""
    net = nn.Sequential(nn.Linear(4, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 2))
    target, poles = copy.deepcopy(net), Poles()
    random = torch.Generator().manual_seed(1)
    memory: list[Batch] = []

    def act(step: int) -> None:
        state = poles.state
        with torch.no_grad():
            actions = target(state).argmax(1)
        odd = torch.rand(POLES, generator=random) < max(0.1, 1 - step / 100)
        actions = torch.where(odd, torch.randint(0, 2, (POLES,), generator=random), actions)
        reward, ended = poles.step(actions)
        memory.append((state, actions, reward, poles.state, ended))

    def draw(step: int) -> Batch:
        for _ in range(2):
            act(step)
        everything = [torch.cat(each) for each in zip(*memory[-200:], strict=True)]
        index = torch.randint(0, len(everything[0]), (64,), generator=random)
        return tuple(each[index] for each in everything)

    def loss(batch: Batch) -> Tensor:
        states, actions, rewards, following, ended = batch
        with torch.no_grad():
            wanted = rewards + DISCOUNT * target(following).max(1).values.float() * (1 - ended)
        chosen = net(states).float().gather(1, actions[:, None])[:, 0]
        return nn.functional.smooth_l1_loss(chosen, wanted)

    def after_step(step: int) -> None:
        if step % 10 == 9:
            target.load_state_dict(net.state_dict())

    parts = {"head": "4", "middle": "2", "embedding": "0", "relu": "3"}
    return Task({"": net}, [Phase((net,), loss)], draw, parts, after_step=after_step)
