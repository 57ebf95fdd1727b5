"""Networks that make pictures, agree on views, act, or sort the nodes of a graph."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_k import data
from bench.findings.wide.training import Batch, Phase, Task, draw_samples, learn

SIDE: Final = 16
"""Of the pictures that are made, in pixels."""


class SpriteVae(nn.Module):
    """Convolutions to six means and spreads, and back from a draw of them."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            *(nn.Conv2d(1, 16, 4, 2, 1), nn.BatchNorm2d(16), nn.LeakyReLU(0.2)),
            *(nn.Conv2d(16, 32, 4, 2, 1), nn.BatchNorm2d(32), nn.LeakyReLU(0.2), nn.Flatten()),
        )
        self.latent = nn.Linear(512, 12)
        self.grow = nn.Linear(6, 512)
        self.decoder = nn.Sequential(
            *(nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.BatchNorm2d(16), nn.ReLU()),
            nn.ConvTranspose2d(16, 1, 4, 2, 1),
        )
        self.weight_of_divergence = 0.02

    def forward(self, pictures: Tensor) -> Tensor:
        mean, spread = self.latent(self.encoder(pictures)).chunk(2, 1)
        drawn = mean + (spread / 2).exp() * torch.randn_like(mean)
        made = self.decoder(self.grow(drawn).relu().unflatten(1, (32, 4, 4))).float()
        apart = 0.5 * (mean.square() + spread.exp() - 1 - spread).sum(1).mean()
        loss: Tensor = functional.mse_loss(made, pictures) + self.weight_of_divergence * apart
        return loss


def sprite_vae() -> Task:
    model = SpriteVae()
    masks = 2 * data.figures(size=SIDE)[3] - 1
    parts = {"first": "encoder.0", "middle": "encoder.3", "head": "decoder.3", "latent": "latent"}
    return learn(model, lambda batch: model(batch[0]), (masks,), parts=parts | {"trunk": "encoder"})


def sn_gan() -> Task:
    """Small pictures, by a judge with spectral norms and the logistic loss."""
    from torch.nn.utils.parametrizations import spectral_norm

    generator = nn.Sequential(
        *(nn.Linear(12, 256), nn.Unflatten(1, (16, 4, 4)), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.ConvTranspose2d(16, 12, 4, 2, 1), nn.BatchNorm2d(12), nn.ReLU()),
        *(nn.ConvTranspose2d(12, 1, 4, 2, 1), nn.Tanh()),
    )
    judge = nn.Sequential(
        *(spectral_norm(nn.Conv2d(1, 16, 4, 2, 1)), nn.LeakyReLU(0.1)),
        *(spectral_norm(nn.Conv2d(16, 24, 4, 2, 1)), nn.LeakyReLU(0.1), nn.Flatten()),
        spectral_norm(nn.Linear(384, 1)),
    )
    draw, sample = draw_samples((2 * data.figures(size=SIDE)[3] - 1,))

    def judged(batch: Batch) -> Tensor:
        made = generator(torch.randn(len(batch[0]), 12)).detach()
        real, fake = judge(batch[0]).float(), judge(made).float()
        return functional.softplus(-real).mean() + functional.softplus(fake).mean()

    def fooled(batch: Batch) -> Tensor:
        made = judge(generator(torch.randn(len(batch[0]), 12))).float()
        return functional.softplus(-made).mean()

    parts = {"first": "generator.0", "middle": "generator.4", "head": "generator.7"}
    models: dict[str, nn.Module] = {"generator": generator, "judge": judge}
    phases = [Phase((judge,), judged), Phase((generator,), fooled)]
    return Task(models, phases, draw, parts | {"judge": "judge"}, None, sample)


class SmallDenoiser(nn.Module):
    """Convolutions that are shifted by the time, with one skip over a coarser scale."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Conv2d(1, 16, 3, 1, 1)
        self.time = nn.Sequential(nn.Linear(2, 32), nn.SiLU(), nn.Linear(32, 32))
        self.down = nn.Sequential(nn.Conv2d(16, 32, 3, 2, 1), nn.GroupNorm(4, 32), nn.SiLU())
        self.inner = nn.Sequential(nn.Conv2d(32, 32, 3, 1, 1), nn.GroupNorm(4, 32), nn.SiLU())
        self.up = nn.ConvTranspose2d(32, 16, 2, 2)
        self.head = nn.Conv2d(16, 1, 3, 1, 1)

    def forward(self, noisy: Tensor, angle: Tensor) -> Tensor:
        fine = functional.silu(self.enter(noisy))
        shift = self.time(torch.cat([angle.cos(), angle.sin()], 1))
        coarse = self.down(fine) + shift[..., None, None]
        told: Tensor = self.head(fine + self.up(coarse + self.inner(coarse)))
        return told


def cosine_ddpm() -> Task:
    """The velocity between picture and noise at a random time."""
    model = SmallDenoiser()

    def loss(batch: Batch) -> Tensor:
        pictures, noise = batch[0], torch.randn_like(batch[0])
        angle = torch.rand(len(pictures), 1) * torch.pi / 2
        share, rest = angle.cos()[..., None, None], angle.sin()[..., None, None]
        told = model(share * pictures + rest * noise, angle).float()
        return functional.mse_loss(told, share * noise - rest * pictures)

    masks = 2 * data.figures(size=SIDE)[3] - 1
    parts = {"first": "enter", "middle": "inner.0", "head": "head", "trunk": "enter down"}
    return learn(
        model, loss, (masks,), 24, parts=parts | {"branch": "time.0 time.2", "aside": "time"}
    )


class Scarf(nn.Module):
    """Rows to directions, which a temperature makes sharp."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            *(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 48)),
        )
        self.project = nn.Sequential(nn.ReLU(), nn.Linear(48, 24))
        self.sharpness = nn.Parameter(torch.tensor(2.0))

    def forward(self, rows: Tensor) -> Tensor:
        codes: Tensor = functional.normalize(self.project(self.encoder(rows)).float(), dim=1)
        return codes


def scarf() -> Task:
    """A row, and the same with a third of its cells from other rows, are to find each other."""
    model = Scarf()

    def loss(batch: Batch) -> Tensor:
        rows = batch[0]
        other = rows[torch.randint(len(rows), rows.shape), torch.arange(rows.shape[1])]
        spoilt = torch.where(torch.rand(rows.shape) < 0.3, other, rows)
        likeness = model(rows) @ model(spoilt).T * model.sharpness.exp()
        return functional.cross_entropy(likeness, torch.arange(len(rows)))

    parts = {"first": "encoder.0", "middle": "encoder.2", "head": "project.1", "trunk": "encoder"}
    return learn(model, loss, data.terrain()[:1], 64, parts=parts | {"hidden": "encoder.0"})


class GaussianPolicy(nn.Module):
    """A mean for each of two levers with one spread, and the worth of a state."""

    def __init__(self) -> None:
        super().__init__()
        self.actor = nn.Sequential(
            *(nn.Linear(8, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 2))
        )
        self.critic = nn.Sequential(
            *(nn.Linear(8, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 1))
        )
        self.spread = nn.Parameter(torch.full((2,), -0.5))

    def forward(self, states: Tensor) -> tuple[Tensor, Tensor]:
        return self.actor(states).float(), self.critic(states).float()[:, 0]


def gaussian_policy() -> Task:
    """An actor and a critic; the levers are to be set to two functions of the state."""
    model = GaussianPolicy()
    states = data.households()[0]
    wanted = torch.stack([states[:, :3].sum(1).tanh(), (states[:, 3] - states[:, 4]).tanh()], 1)

    def loss(batch: Batch) -> Tensor:
        mean, worth = model(batch[0])
        told = torch.distributions.Normal(mean, model.spread.exp())
        action = told.sample()
        paid = -(action - batch[1]).square().sum(1)
        gain = paid - worth
        better = gain.detach() / (gain.detach().std() + 1e-6)
        surprise = -told.log_prob(action).sum(1)
        bonus = told.entropy().sum(1).mean()
        return (better * surprise).mean() + 0.5 * gain.square().mean() - 0.01 * bonus

    parts = {"first": "actor.0", "middle": "actor.2", "head": "actor.4", "trunk": "critic"}
    return learn(model, loss, (states, wanted), 96, parts=parts | {"aside": "critic"})


class JumpKnowledge(nn.Module):
    """Three rounds over a graph's links, all of which the last layer sees."""

    def __init__(self, links: Tensor, read: Tensor) -> None:
        super().__init__()
        self.register_buffer("links", links)
        self.register_buffer("read", read)
        self.rounds = nn.ModuleList(nn.Linear(n, 24) for n in (read.shape[1], 24, 24))
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(72, 4)

    def forward(self, nodes: Tensor) -> Tensor:
        values, seen = self.read, []
        for each in self.rounds:
            values = (self.links @ each(self.drop(values))).relu()  # type: ignore[operator]
            seen.append(values)
        logits: Tensor = self.head(torch.cat(seen, 1))[nodes]
        return logits


def jump_knowledge() -> Task:
    """The kinds of the labelled nodes of one graph."""
    links, read, kind = data.citations()
    model = JumpKnowledge(links, read)

    def loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(model(batch[0]).float(), batch[1])

    parts = {"first": "rounds.0", "middle": "rounds.1", "head": "head", "drops": "drop"}
    nodes = torch.arange(len(kind))
    return learn(model, loss, (nodes, kind), 48, parts=parts | {"trunk": "rounds.0"}, classes=kind)
