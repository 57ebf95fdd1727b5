"""Networks that play, that imagine, and that play against each other."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.findings.wide.data import pictures, spirals
from bench.findings.wide.training import Batch, Phase, Task, draw_samples, learn


class Poles:
    """Sixteen carts with a pole each, as in CartPole; a fallen one starts anew."""

    def __init__(self) -> None:
        self.generator = torch.Generator().manual_seed(3)
        self.state = self._fresh(16)

    def _fresh(self, count: int) -> Tensor:
        return (torch.rand(count, 4, generator=self.generator) - 0.5) * 0.1

    def act(self, right: Tensor) -> Tensor:
        """Push each cart; 1 where its pole fell."""
        _, speed, angle, turn = self.state.unbind(1)
        force = right.float() * 20 - 10
        pull = (force + 0.05 * turn**2 * angle.sin()) / 1.1
        spin = (9.8 * angle.sin() - angle.cos() * pull) / (0.5 * (4 / 3 - 0.1 / 1.1))
        push = pull - 0.05 * spin * angle.cos() / 1.1
        rates = torch.stack([speed, push, turn, spin], 1)
        self.state = self.state + 0.02 * rates
        fallen = (self.state[:, 0].abs() > 2.4) | (self.state[:, 2].abs() > 0.21)
        self.state = torch.where(fallen[:, None], self._fresh(16), self.state)
        return fallen.float()


class ActorCritic(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.actor = nn.Sequential(nn.Linear(4, 48), nn.Tanh(), nn.Linear(48, 2))
        self.critic = nn.Sequential(nn.Linear(4, 48), nn.ReLU(), nn.Linear(48, 1))

    def forward(self, state: Tensor) -> tuple[Tensor, Tensor]:
        return self.actor(state), self.critic(state)[..., 0]


def advantage_actor_critic() -> Task:
    """A2C: twelve pushes of sixteen carts to a step."""
    model, poles = ActorCritic(), Poles()

    def draw(_: int) -> Batch:
        states, actions, falls = [], [], []
        with torch.no_grad():
            for _push in range(12):
                states.append(poles.state)
                actions.append(
                    torch.distributions.Categorical(logits=model.actor(states[-1])).sample()
                )
                falls.append(poles.act(actions[-1]))
            value = model.critic(poles.state)[:, 0]
            returns = []
            for fall in reversed(falls):
                value = 0.1 * (1 - 10 * fall) + 0.97 * (1 - fall) * value
                returns.insert(0, value)
        return torch.stack(states), torch.stack(actions), torch.stack(returns)

    def loss(batch: Batch) -> Tensor:
        logits, values = model(batch[0])
        policy = torch.distributions.Categorical(logits=logits)
        gain = batch[2] - values
        gains = -(policy.log_prob(batch[1]) * gain.detach()).mean()
        return gains + 0.5 * gain.square().mean() - 0.01 * policy.entropy().mean()

    parts = {"embedding": "actor.0", "middle": "critic.0", "head": "critic.2", "trunk": "actor.0"}
    return Task({"": model}, [Phase((model,), loss)], draw, parts)


def least_squares_gan() -> Task:
    """Two moons; both networks by squared errors."""
    make = nn.Sequential(
        nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2)
    )
    judge = nn.Sequential(
        nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1)
    )

    def judge_loss(batch: Batch) -> Tensor:
        fake = make(torch.randn(len(batch[0]), 8)).detach()
        return (judge(batch[0]) - 1).square().mean() + judge(fake).square().mean()

    def make_loss(batch: Batch) -> Tensor:
        return (judge(make(torch.randn(len(batch[0]), 8))) - 1).square().mean()

    draw, sample = draw_samples((spirals(),), 64)
    phases = [Phase((judge,), judge_loss), Phase((make,), make_loss)]
    parts = {"embedding": "make.0", "middle": "make.2", "head": "judge.4"}
    return Task({"make": make, "judge": judge}, phases, draw, parts, sample=sample)


class Denoiser(nn.Module):
    """Guesses the noise in a picture from it and the noise's size."""

    def __init__(self) -> None:
        super().__init__()
        self.time = nn.Sequential(nn.Linear(16, 96), nn.SiLU(), nn.Linear(96, 96))
        self.lift = nn.Linear(64, 96)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(96), nn.Linear(96, 96), nn.SiLU(), nn.Linear(96, 96))
            for _ in range(3)
        )
        self.head = nn.Linear(96, 64)

    def forward(self, x: Tensor, size: Tensor) -> Tensor:
        angles = size.log()[:, None] * 2.0 ** torch.arange(-3, 5)
        time = self.time(torch.cat([angles.sin(), angles.cos()], 1))
        x = self.lift(x / (1 + size[:, None] ** 2).sqrt())
        for block in self.blocks:
            x = x + block(x + time)
        return self.head(x)


def score_matching() -> Task:
    model = Denoiser()

    def loss(batch: Batch) -> Tensor:
        clean = batch[0].flatten(1)
        size = (torch.randn(len(clean)) * 1.2 - 0.5).exp()
        noise = torch.randn_like(clean)
        return nn.functional.mse_loss(model(clean + size[:, None] * noise, size), noise)

    parts = {"embedding": "lift", "middle": "blocks.1", "head": "head", "trunk": "time lift"}
    return learn(model, loss, pictures(8)[:1], 64, parts=parts)
