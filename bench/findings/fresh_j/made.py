"""Networks that make things: autoencoders, a GAN, a diffusion, and a policy that is paid."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_j import data
from bench.findings.wide.training import Batch, Phase, Task, draw_samples, learn


def mlp_autoencoder() -> Task:
    """Pictures through 16 numbers."""
    model = nn.Sequential(
        *(nn.Flatten(), nn.Linear(576, 96), nn.ReLU(), nn.Linear(96, 16), nn.ReLU()),
        *(nn.Linear(16, 96), nn.ReLU(), nn.Linear(96, 576)),
    )

    def loss(batch: Batch) -> Tensor:
        return functional.mse_loss(model(batch[0]).float(), batch[0].flatten(1))

    parts = {"first": "1", "middle": "5", "head": "7", "hidden": "1 3", "trunk": "1 3"}
    return learn(model, loss, data.discs()[:1], parts=parts)


class MlpVae(nn.Module):
    """A variational autoencoder of masks with 8 numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(576, 96), nn.ReLU())
        self.mean, self.spread = nn.Linear(96, 8), nn.Linear(96, 8)
        self.decoder = nn.Sequential(nn.Linear(8, 96), nn.ReLU(), nn.Linear(96, 576))
        self.beta = 1.0

    def forward(self, masks: Tensor) -> Tensor:
        inner = self.encoder(masks)
        mean, spread = self.mean(inner), self.spread(inner)
        told = self.decoder(mean + torch.randn_like(mean) * (spread / 2).exp()).float()
        again = functional.binary_cross_entropy_with_logits(told, masks.flatten(1))
        apart = -0.5 * (1 + spread - mean.square() - spread.exp()).sum(1).mean() / 576
        loss: Tensor = again + self.beta * apart
        return loss


def mlp_vae() -> Task:
    model = MlpVae()
    parts = {"first": "encoder.1", "middle": "mean", "head": "decoder.2", "trunk": "encoder"}
    masks = data.discs()[2]
    return learn(model, lambda batch: model(batch[0]), (masks,), parts=parts)


def ls_gan() -> Task:
    """Points on rings, made by a generator against a judge with squared errors."""
    generator = nn.Sequential(
        *(nn.Linear(8, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 2)),
    )
    judge = nn.Sequential(
        *(nn.Linear(2, 48), nn.LeakyReLU(0.2), nn.Linear(48, 48), nn.LeakyReLU(0.2)),
        nn.Linear(48, 1),
    )
    draw, sample = draw_samples((data.rings(),), 64)

    def judged(batch: Batch) -> Tensor:
        made = generator(torch.randn(64, 8)).detach()
        return (judge(batch[0]) - 1).square().mean() + judge(made).square().mean()

    def fooled(_batch: Batch) -> Tensor:
        return (judge(generator(torch.randn(64, 8))) - 1).square().mean()

    parts = {"first": "generator.0", "middle": "generator.2", "head": "generator.4"}
    parts |= {"judge": "judge", "trunk": "generator"}
    models: dict[str, nn.Module] = {"generator": generator, "judge": judge}
    phases = [Phase((judge,), judged), Phase((generator,), fooled)]
    return Task(models, phases, draw, parts, None, sample)


class PointDiffusion(nn.Module):
    """The noise in a point, from the point and the time."""

    def __init__(self) -> None:
        super().__init__()
        self.time = nn.Sequential(nn.Linear(1, 32), nn.SiLU())
        self.enter = nn.Linear(2, 32)
        self.body = nn.Sequential(nn.Linear(32, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU())
        self.head = nn.Linear(64, 2)

    def forward(self, points: Tensor, time: Tensor) -> Tensor:
        noise: Tensor = self.head(self.body(self.enter(points) + self.time(time)))
        return noise


def point_diffusion() -> Task:
    model = PointDiffusion()

    def loss(batch: Batch) -> Tensor:
        time, noise = torch.rand(len(batch[0]), 1), torch.randn_like(batch[0])
        angle = time * torch.pi / 2
        noisy = angle.cos() * batch[0] + angle.sin() * noise
        return functional.mse_loss(model(noisy, time).float(), noise)

    parts = {"first": "enter", "middle": "body.2", "head": "head", "trunk": "body"}
    return learn(model, loss, (data.rings(),), 96, parts=parts | {"branch": "time.0"})


def bandit_policy() -> Task:
    """Which of five offers to make, by the policy gradient with a mean as baseline."""
    model = nn.Sequential(nn.Linear(10, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh())
    model.extend([nn.Linear(48, 5)])

    def loss(batch: Batch) -> Tensor:
        told = torch.distributions.Categorical(logits=model(batch[0]).float())
        choice = told.sample()
        paid = (choice == batch[1]).float()
        surprise = told.log_prob(choice)
        return -((paid - paid.mean()) * surprise).mean() - 0.01 * told.entropy().mean()

    parts = {"first": "0", "middle": "2", "head": "4", "trunk": "0"}
    return learn(model, loss, data.sorts(), 128, parts=parts)
