"""Networks that find things in pictures, make pictures, or compare them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_i import data
from bench.findings.wide.data import pictures
from bench.findings.wide.training import Batch, Phase, Task, draw_samples, learn


class RoiHeads(nn.Module):
    """Fast R-CNN: what a map of features holds inside given boxes, by torchvision's RoIAlign."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 24, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(24, 24, 3, padding=1),
            nn.ReLU(),
        )
        from torchvision.ops import RoIAlign

        self.align = RoIAlign(3, spatial_scale=0.25, sampling_ratio=2, aligned=True)
        self.box_head = nn.Sequential(nn.Flatten(), nn.Linear(216, 48), nn.ReLU())
        self.kind, self.shift = nn.Linear(48, 3), nn.Linear(48, 4)

    def forward(self, images: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
        regions = self.align(self.backbone(images), list(boxes))
        values = self.box_head(regions)
        return self.kind(values), self.shift(values)


def roi_heads() -> Task:
    """What is in each of four boxes that were moved a little, and how to move them back."""
    model = RoiHeads()

    def loss(batch: Batch) -> Tensor:
        images, boxes, things = batch
        moved = boxes + torch.randn_like(boxes)
        kind, shift = model(images, moved)
        side = (boxes[..., 2] - boxes[..., 0])[..., None]
        wanted = ((boxes - moved) / side * 5).flatten(0, 1)
        held = things.flatten() > 0
        told = functional.smooth_l1_loss(shift[held].float(), wanted[held])
        return functional.cross_entropy(kind.float(), things.flatten()) + told

    parts = {"first": "backbone.0", "middle": "backbone.2", "head": "kind", "trunk": "backbone"}
    return learn(model, loss, data.proposals(), 12, parts=parts)


class LinkNet(nn.Module):
    """A U-Net whose skips are added: three steps down, three up."""

    def __init__(self) -> None:
        super().__init__()
        widths = (12, 24, 32)
        self.stem = nn.Conv2d(1, widths[0], 3, padding=1)
        self.downs = nn.ModuleList(
            self._layer(given, width, stride=2)
            for given, width in zip(widths, (*widths[1:], 32), strict=True)
        )
        self.ups = nn.ModuleList(
            self._layer(given, width)
            for given, width in zip((32, 32, 24), (32, 24, 12), strict=True)
        )
        self.head = nn.Conv2d(12, 3, 1)

    @staticmethod
    def _layer(given: int, width: int, stride: int = 1) -> nn.Sequential:
        own = nn.Conv2d(given, width, 3, stride=stride, padding=1, bias=False)
        return nn.Sequential(own, nn.BatchNorm2d(width), nn.ReLU())

    def forward(self, images: Tensor) -> Tensor:
        values, kept = self.stem(images), []
        for down in self.downs:
            kept.append(values)
            values = down(values)
        for up, skip in zip(self.ups, reversed(kept), strict=True):
            values = up(functional.interpolate(values, scale_factor=2.0)) + skip
        logits: Tensor = self.head(values)
        return logits


def link_net() -> Task:
    """Which pixels belong to which sort of cells."""
    model = LinkNet()

    def loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(model(batch[0]).float(), batch[1])

    parts = {"first": "stem", "middle": "downs.2", "head": "head", "trunk": "stem downs"}
    return learn(model, loss, data.cells(), 8, parts=parts)


class ConditionalVae(nn.Module):
    """Digits through eight numbers; encoder and decoder know which digit it is."""

    def __init__(self, inside: int = 8) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(266, 96), nn.ReLU(), nn.Linear(96, 48), nn.ReLU())
        self.mean, self.spread = nn.Linear(48, inside), nn.Linear(48, inside)
        self.decoder = nn.Sequential(nn.Linear(inside + 10, 96), nn.ReLU(), nn.Linear(96, 256))
        self.weight = 1.0

    def forward(self, images: Tensor, digit: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        known = functional.one_hot(digit, 10).float()
        inside = self.encoder(torch.cat([images.flatten(1), known], 1))
        mean, spread = self.mean(inside), self.spread(inside)
        code = mean + torch.randn_like(mean) * (spread / 2).exp()
        return self.decoder(torch.cat([code, known], 1)), mean, spread


def conditional_vae() -> Task:
    model = ConditionalVae()

    def loss(batch: Batch) -> Tensor:
        images, digit, bright = batch
        told, mean, spread = model(images, digit)
        rebuilt = functional.binary_cross_entropy_with_logits(
            told.float(), bright.flatten(1), reduction="none"
        ).sum(1)
        apart = 0.5 * (mean.square() + spread.exp() - 1 - spread).sum(1)
        return (rebuilt + model.weight * apart).mean()

    images, digit = pictures()
    bright = (images - images.min()) / (images.max() - images.min())
    parts = {"first": "encoder.0", "middle": "encoder.2", "head": "decoder.2", "trunk": "encoder"}
    parts |= {"latent": "mean spread", "mean": "mean"}
    return learn(model, loss, (images, digit, bright), 32, parts=parts)


def relativistic_gan() -> Task:
    """Digits of 16 by 16; the judge says which of two pictures is more real."""
    generator = nn.Sequential(
        nn.Linear(16, 64 * 4 * 4),
        nn.Unflatten(1, (64, 4, 4)),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.ConvTranspose2d(64, 24, 4, 2, 1),
        nn.BatchNorm2d(24),
        nn.ReLU(),
        nn.ConvTranspose2d(24, 1, 4, 2, 1),
        nn.Tanh(),
    )
    judge = nn.Sequential(
        nn.Conv2d(1, 16, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(16, 32, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(512, 1),
    )

    def judged(batch: Batch) -> Tensor:
        with torch.no_grad():
            made = generator(torch.randn(len(batch[0]), 16))
        return functional.softplus(judge(made) - judge(batch[0])).mean()

    def generated(batch: Batch) -> Tensor:
        made = generator(torch.randn(len(batch[0]), 16))
        return functional.softplus(judge(batch[0]) - judge(made)).mean()

    images = pictures()[0]
    draw, sample = draw_samples(
        ((2 * (images - images.min()) / (images.max() - images.min()) - 1),)
    )
    phases = [Phase((judge,), judged), Phase((generator,), generated)]
    parts = {"judge": "judge", "generator": "generator", "first": "judge.0", "head": "judge.6"}
    models = {"judge": judge, "generator": generator}
    return Task(models, phases, draw, parts, sample=sample)


class ClassDenoiser(nn.Module):
    """Tells the noise in a picture of a known class at a time from 0 to 1."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.time = nn.Sequential(nn.Linear(1, width), nn.SiLU(), nn.Linear(width, width))
        self.kinds = nn.Embedding(11, width)
        self.stem = nn.Conv2d(1, width, 3, padding=1)
        self.down = nn.Sequential(
            nn.Conv2d(width, width, 3, 2, 1), nn.GroupNorm(4, width), nn.SiLU()
        )
        self.inner = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.GroupNorm(4, width), nn.SiLU()
        )
        self.up = nn.ConvTranspose2d(width, width, 4, 2, 1)
        self.head = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, images: Tensor, kinds: Tensor, time: Tensor) -> Tensor:
        known = (self.time(time[:, None]) + self.kinds(kinds))[:, :, None, None]
        values = self.stem(images)
        inner = self.down(values + known)
        inner = inner + self.inner(inner)
        told: Tensor = self.head(functional.silu(values + self.up(inner)))
        return told


def class_diffusion() -> Task:
    """A tenth of the classes is hidden, as for guidance without a classifier."""
    model = ClassDenoiser()
    model.__dict__.update(noised=mix_noise, times=1.0)

    def loss(batch: Batch) -> Tensor:
        images, digit = batch
        own: Any = model
        time, noise = torch.rand(len(images)), torch.randn_like(images)
        kinds = torch.where(torch.rand(len(images)) < 0.1, 10, digit)
        told = own(own.noised(images, noise, time), kinds, own.times * time)
        return functional.mse_loss(told.float(), noise)

    images, digit = pictures()
    parts = {"first": "stem", "middle": "inner.0", "head": "head", "trunk": "stem down"}
    parts |= {"embedding": "kinds", "time": "time"}
    return learn(model, loss, (images, digit), 16, parts=parts)


def mix_noise(images: Tensor, noise: Tensor, time: Tensor) -> Tensor:
    """Pictures with ever more noise as the time goes from 0 to 1."""
    share = (time * torch.pi / 2)[:, None, None, None]
    return share.cos() * images + share.sin() * noise


class ProxyNet(nn.Module):
    """Places on a sphere for pictures, and a proxy for each class there (Proxy-NCA)."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.Flatten(),
        )
        self.code = nn.Linear(512, 16)
        self.proxies = nn.Parameter(torch.randn(10, 16))
        self.scale, self.on_sphere = 12.0, True

    def forward(self, images: Tensor) -> Tensor:
        codes, proxies = self.code(self.body(images)), self.proxies
        if self.on_sphere:
            codes, proxies = functional.normalize(codes), functional.normalize(proxies)
        return self.scale * codes @ proxies.T


def proxy_net() -> Task:
    model, (images, digit) = ProxyNet(), pictures()

    def loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(model(batch[0]).float(), batch[1])

    parts = {"first": "body.0", "middle": "body.3", "head": "code", "trunk": "body"}
    return learn(model, loss, (images, digit), 32, parts=parts, classes=digit)
