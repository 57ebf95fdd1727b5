"""Two that play against each other, and one that learns from what it tries."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.wide.data import spirals
from bench.findings.wide.training import Batch, Phase, Task, draw_samples

PENALTY, LOOKS = 1.0, 3


def wgan_gp() -> Task:
    """Points of two moons; the critic learns three times as often, its slope is held near 1."""
    generator = nn.Sequential(
        nn.Linear(8, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 2)
    )
    critic = nn.Sequential(
        nn.Linear(2, 48), nn.LeakyReLU(0.2), nn.Linear(48, 48), nn.LeakyReLU(0.2), nn.Linear(48, 1)
    )
    parts = {"head": "critic.4", "branch": "generator", "middle": "critic.2", "first": "critic.0"}
    models: dict[str, nn.Module] = {"generator": generator, "critic": critic}
    task = Task(models, [], draw_samples((spirals(),), 64)[0], parts)
    task.phases = [
        *[Phase((critic,), lambda batch: critic_loss(task, batch, PENALTY))] * LOOKS,
        Phase((generator,), lambda batch: -critic(generator(_noise(batch))).mean()),
    ]
    return task


def _noise(batch: Batch) -> Tensor:
    return torch.randn(len(batch[0]), 8)


def critic_loss(task: Task, batch: Batch, penalty: float) -> Tensor:
    generator, critic = task.models["generator"], task.models["critic"]
    real, made = batch[0], generator(_noise(batch)).detach().float()
    judged = critic(made).mean() - critic(real).mean()
    if not penalty:
        return judged
    share = torch.rand(len(real), 1)
    between = (share * real + (1 - share) * made).requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return judged + penalty * ((slope.norm(dim=1) - 1) ** 2).mean()


class Pendulums:
    """Pendulums side by side; a turning force between -1 and 1 is to lift them."""

    def __init__(self, count: int = 16) -> None:
        self._random = torch.Generator().manual_seed(7)
        self.angle = torch.rand(count, generator=self._random) * 6.28
        self.turn = torch.zeros(count)
        self._age = torch.randint(0, 60, (count,), generator=self._random)

    def look(self) -> Tensor:
        return torch.stack([self.angle.cos(), self.angle.sin(), self.turn / 4], 1)

    def step(self, force: Tensor) -> Tensor:
        angle = (self.angle + 3.1416) % 6.2832 - 3.1416
        cost = angle**2 + 0.1 * self.turn**2 + 0.004 * force**2
        self.turn = (self.turn + 0.75 * angle.sin() + 0.3 * force).clamp(-8, 8)
        self.angle = angle + 0.05 * self.turn
        self._age += 1
        again = self._age >= 60
        self.angle[again] = torch.rand(int(again.sum()), generator=self._random) * 6.28
        self.turn[again], self._age[again] = 0, 0
        return -cost / 8


class Actor(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU())
        self.mean, self.spread = nn.Linear(48, 1), nn.Linear(48, 1)

    def forward(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """A force and the log of its density."""
        hidden = self.body(seen)
        spread = self.spread(hidden).float().clamp(-5, 1).exp()
        raw = self.mean(hidden).float() + spread * torch.randn(len(seen), 1)
        normal = torch.distributions.Normal(self.mean(hidden).float(), spread)
        force = raw.tanh()
        return force, normal.log_prob(raw) - (1 - force**2 + 1e-5).log()


class Critic(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(4, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 1)
        )

    def forward(self, seen: Tensor, force: Tensor) -> Tensor:
        return self.net(torch.cat([seen, force], 1))


def soft_actor_critic() -> Task:
    """Off-policy, with twin critics and their slow copies."""
    actor, critics = Actor(), nn.ModuleList([Critic(), Critic()])
    targets, world = copy.deepcopy(critics), Pendulums()
    memory: list[Batch] = []

    def draw(_: int) -> Batch:
        for _turn in range(2):
            seen = world.look()
            with torch.no_grad():
                force = actor(seen)[0].float()
            reward = world.step(2 * force[:, 0])
            memory.append((seen, force, reward[:, None], world.look()))
        everything = [torch.cat(each) for each in zip(*memory[-300:], strict=True)]
        index = torch.randint(0, len(everything[0]), (64,))
        return tuple(each[index] for each in everything)

    def judge(batch: Batch) -> Tensor:
        seen, force, reward, following = batch
        with torch.no_grad():
            chosen, density = actor(following)
            least = torch.minimum(*(each(following, chosen).float() for each in targets))
            wanted = reward + 0.95 * (least - 0.05 * density)
        return sum(functional.mse_loss(each(seen, force).float(), wanted) for each in critics)

    def act(batch: Batch) -> Tensor:
        force, density = actor(batch[0])
        least = torch.minimum(*(each(batch[0], force).float() for each in critics))
        return (0.05 * density - least).mean()

    def follow(_: int) -> None:
        with torch.no_grad():
            for own, new in zip(targets.parameters(), critics.parameters(), strict=True):
                own.lerp_(new, 0.02)

    parts = {"head": "critics.0.net.4", "branch": "actor", "first": "critics.0.net.0"}
    parts |= {"critics": "critics", "middle": "critics.0.net.2"}
    phases = [Phase((critics,), judge), Phase((actor,), act)]
    models: dict[str, nn.Module] = {"actor": actor, "critics": critics}
    return Task(models, phases, draw, parts, after_step=follow)
