"""Networks that play, that are played against, and that say how likely a point is."""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_d.data import pinwheel
from bench.findings.wide.training import Batch, Phase, Task, draw_samples, learn

TALL, WIDE = 5, 5


class Catch:
    """A ball falls; a paddle below it goes left, stays or goes right. Many games side by side."""

    def __init__(self, count: int = 16) -> None:
        self._random = torch.Generator().manual_seed(12)
        self.count = count
        self.row = torch.randint(0, TALL - 1, (count,), generator=self._random)
        self.ball = self._anywhere(count)
        self.paddle = self._anywhere(count)

    def _anywhere(self, count: int) -> Tensor:
        return torch.randint(0, WIDE, (count,), generator=self._random)

    def look(self) -> Tensor:
        """(count, 15): row, ball and paddle, one-hot."""
        each = (self.row, self.ball, self.paddle)
        return torch.cat([functional.one_hot(own, 5) for own in each], 1).float()

    def step(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Rewards (count,), and (count,) of 1 where a game has ended."""
        self.paddle = (self.paddle + chosen - 1).clamp(0, WIDE - 1)
        self.row = self.row + 1
        ended = self.row == TALL - 1
        reward = ended * torch.where(self.paddle == self.ball, 1.0, -1.0)
        self.row[ended] = 0
        self.ball[ended] = self._anywhere(int(ended.sum()))
        return reward, ended.float()


class Dueling(nn.Module):
    """What a place is worth, and what each move adds."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(15, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
        self.value, self.advantage = nn.Linear(64, 1), nn.Linear(64, 3)

    def forward(self, seen: Tensor) -> Tensor:
        hidden = self.body(seen)
        advantage = self.advantage(hidden)
        return self.value(hidden) + advantage - advantage.mean(1, keepdim=True)


class DuelingTask(Task):
    """discount: of later rewards. synced: steps until the target becomes what was learnt."""

    discount = 0.95
    synced = 10


def dueling_dqn() -> Task:
    model, world = Dueling(), Catch()
    target = copy.deepcopy(model)
    memory: list[Batch] = []

    def draw(step: int) -> Batch:
        for _turn in range(2):
            seen = world.look()
            with torch.no_grad():
                best = model(seen).argmax(1)
            any_move = torch.randint(0, 3, best.shape)
            greedy = torch.rand(best.shape) > max(0.1, 1 - step / 60)
            chosen = torch.where(greedy, best, any_move)
            reward, ended = world.step(chosen)
            memory.append((seen, chosen, reward, ended, world.look()))
        everything = [torch.cat(each) for each in zip(*memory[-200:], strict=True)]
        index = torch.randint(0, len(everything[0]), (64,))
        return tuple(each[index] for each in everything)

    def loss(batch: Batch) -> Tensor:
        seen, chosen, reward, ended, following = batch
        with torch.no_grad():
            best = model(following).argmax(1, keepdim=True)
            worth = target(following).gather(1, best)[:, 0].float()
            wanted = reward + task.discount * (1 - ended) * worth
        said = model(seen).gather(1, chosen[:, None])[:, 0].float()
        return functional.mse_loss(said, wanted)

    def sync(step: int) -> None:
        if step % task.synced == 0:
            target.load_state_dict(model.state_dict())

    parts = {"first": "body.0", "middle": "body.2", "relu": "body.3", "head": "advantage"}
    task = DuelingTask({"": model}, [Phase((model,), loss)], draw, parts, after_step=sync)
    return task


class Conditional(nn.Module):
    """A net whose input has the arm of the wheel beside it."""

    def __init__(self, given: int, gives: int, act: nn.Module) -> None:
        super().__init__()
        self.label = nn.Embedding(5, 8)
        self.net = nn.Sequential(
            nn.Linear(given + 8, 48), act, nn.Linear(48, 48), act, nn.Linear(48, gives)
        )

    def forward(self, given: Tensor, arm: Tensor) -> Tensor:
        return self.net(torch.cat([given, self.label(arm)], 1))


def conditional_gan() -> Task:
    generator = Conditional(4, 2, nn.ReLU())
    discriminator = Conditional(2, 1, nn.LeakyReLU(0.2))

    def made(batch: Batch) -> Tensor:
        return generator(torch.randn(len(batch[0]), 4), batch[1]).float()

    def judge(batch: Batch) -> Tensor:
        real = discriminator(batch[0], batch[1]).float()
        false = discriminator(made(batch).detach(), batch[1]).float()
        return functional.softplus(-real).mean() + functional.softplus(false).mean()

    def deceive(batch: Batch) -> Tensor:
        return functional.softplus(-discriminator(made(batch), batch[1]).float()).mean()

    models: dict[str, nn.Module] = {"generator": generator, "discriminator": discriminator}
    parts = {"branch": "generator", "critic": "discriminator", "head": "generator.net.4"}
    parts |= {"middle": "generator.net.2", "first": "generator.net.0"}
    phases = [Phase((discriminator,), judge), Phase((generator,), deceive)]
    return Task(models, phases, draw_samples(pinwheel(), 64)[0], parts)


class Masked(nn.Module):
    """MADE for two numbers: the second's shift and scale depend on the first alone."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.own = nn.Parameter(torch.zeros(2))
        self.net = nn.Sequential(
            nn.Linear(1, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 2)
        )
        nn.init.normal_(self.net[4].weight, std=0.01)
        nn.init.zeros_(self.net[4].bias)

    def forward(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Points of noise, and the log of how much each was stretched."""
        rest = self.net(points[:, :1]).float()
        shift = torch.stack([self.own[0].expand(len(points)), rest[:, 0]], 1)
        scale = torch.stack([self.own[1].expand(len(points)), rest[:, 1]], 1).clamp(-5, 5)
        return (points - shift) * scale.exp(), scale.sum(1)


class MaskedFlow(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Masked() for _ in range(4))

    def forward(self, points: Tensor) -> Tensor:
        """The log of the density at each point."""
        stretched = torch.zeros(len(points))
        for layer in self.layers:
            points, log = layer(points)
            points, stretched = points.flip(1), stretched + log
        return stretched - 0.5 * (points**2).sum(1) - math.log(2 * math.pi)


def masked_flow() -> Task:
    model = MaskedFlow()

    def loss(batch: Batch) -> Tensor:
        return -model(batch[0]).mean()

    parts = {"first": "layers.0.net.0", "middle": "layers.1.net.2", "head": "layers.3.net.4"}
    parts |= {"trunk": "layers.0 layers.1"}
    return learn(model, loss, (pinwheel()[0],), 64, parts=parts)
