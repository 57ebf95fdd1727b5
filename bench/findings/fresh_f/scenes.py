"""Networks that find, describe, compare or make pictures."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_f import data
from bench.findings.wide.data import pictures
from bench.findings.wide.training import Batch, Phase, Task, draw_samples, learn


def _convolved(given: int, width: int, stride: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(given, width, 3, stride, 1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(width), nn.LeakyReLU(0.1))


def yolo_loss(told: Tensor, wanted: Tensor) -> Tensor:
    """Objects everywhere; place, size and class where there is one. Both (N, 5, cells, cells)."""
    there = wanted[:, 0]
    found = functional.binary_cross_entropy_with_logits(told[:, 0], there)
    place = (told[:, 1:4].sigmoid() - wanted[:, 1:4]).square().sum(1)
    kind = functional.binary_cross_entropy_with_logits(told[:, 4], wanted[:, 4], reduction="none")
    return found + (there * (5 * place + kind)).sum() / there.sum().clamp(min=1)


def yolo() -> Task:
    """One look: each cell of a grid tells whether there is a thing, where, how large and what."""
    model = nn.Sequential(
        _convolved(1, 16, 2),
        _convolved(16, 24, 2),
        nn.MaxPool2d(2, 1, 1),
        _convolved(24, 32),
        nn.AdaptiveAvgPool2d(4),
        nn.Conv2d(32, 5, 1),
    )

    def loss(batch: Batch) -> Tensor:
        return yolo_loss(model(batch[0]).float(), batch[1])

    parts = {"first": "0.0", "middle": "3", "head": "5", "trunk": "0 1"}
    return learn(model, loss, data.boxes(), parts=parts)


class Captioner(nn.Module):
    """Show and tell: a convolutional encoder starts an LSTM that tells words."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 16, 3, 2, 1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, 2, 1),
            nn.ReLU(),
            nn.Flatten(),
        )
        self.bridge = nn.Linear(512, width)
        self.dropout = nn.Dropout(0.1)
        self.words = nn.Embedding(10, width)
        self.cell = nn.LSTM(width, width, batch_first=True)
        self.out = nn.Linear(width, 10)

    def forward(self, images: Tensor, words: Tensor) -> Tensor:
        seen = self.dropout(self.bridge(self.encoder(images)))
        hidden, _ = self.cell(torch.cat([seen[:, None], self.words(words)], 1))
        out: Tensor = self.out(hidden[:, 1:])
        return out


def captioner() -> Task:
    model = Captioner()

    def loss(batch: Batch) -> Tensor:
        images, words = batch
        logits = model(images, words[:, :-1]).float()
        return functional.cross_entropy(logits.flatten(0, 1), words[:, 1:].flatten())

    parts = {"first": "encoder.0", "middle": "cell", "head": "out", "embedding": "words"}
    parts |= {"trunk": "encoder", "dropout": "dropout"}
    return learn(model, loss, data.captions(), parts=parts)


def _gram(features: Tensor) -> Tensor:
    flat = features.flatten(2)
    return flat @ flat.transpose(1, 2) / flat[0].numel()


class ResidualPaint(nn.Module):
    """A block of the style network, with a norm for each picture alone."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(width, width, 3, padding=1), nn.InstanceNorm2d(width)
        self.conv2, self.norm2 = nn.Conv2d(width, width, 3, padding=1), nn.InstanceNorm2d(width)

    def forward(self, images: Tensor) -> Tensor:
        hidden = functional.relu(self.norm1(self.conv1(images)))
        out: Tensor = images + self.norm2(self.conv2(hidden))
        return out


def style_transfer() -> Task:
    """A network paints pictures in one style; a fixed network of random filters judges."""
    torch.manual_seed(5)
    judge = nn.Sequential(nn.Conv2d(3, 24, 5, padding=2), nn.ReLU()).requires_grad_(False)
    rows = torch.linspace(0, 25, 16)
    style = torch.stack([rows.sin()[:, None] * rows.cos(), rows.sin().expand(16, 16)] * 2)[:3]
    model = nn.Sequential(
        nn.Conv2d(3, 24, 3, padding=1),
        nn.InstanceNorm2d(24, affine=True),
        nn.ReLU(),
        ResidualPaint(24),
        nn.Conv2d(24, 3, 3, padding=1),
    )
    wanted = _gram(judge(1.5 * style[None]))

    def loss(batch: Batch) -> Tensor:
        painted = model(batch[0]).float()
        content = functional.mse_loss(judge(painted), judge(batch[0]))
        return content + 20 * functional.mse_loss(_gram(judge(painted)), wanted.expand(16, -1, -1))

    parts = {"first": "0", "middle": "3", "head": "4", "trunk": "0 3"}
    return learn(model, loss, data.photographs(), 16, parts=parts)


class Filler(nn.Module):
    """A small U-Net from outlines to pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2 = _convolved(1, 16, 2), _convolved(16, 32, 2)
        self.up1 = nn.Sequential(nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.ReLU())
        self.up2 = nn.ConvTranspose2d(32, 1, 4, 2, 1)

    def forward(self, outlines: Tensor) -> Tensor:
        large = self.down1(outlines)
        joined = torch.cat([self.up1(self.down2(large)), large], 1)
        return self.up2(joined).tanh()


def pix2pix() -> Task:
    """A generator fills outlines; a judge of patches sees the outline and a picture."""
    generator = Filler()
    judge = nn.Sequential(
        nn.Conv2d(2, 16, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(16, 32, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(32, 1, 3, padding=1),
    )
    draw, _ = draw_samples(data.outlines(), 24)

    def scores(outlines: Tensor, images: Tensor) -> Tensor:
        told: Tensor = judge(torch.cat([outlines, images], 1)).float()
        return told

    def judged(batch: Batch) -> Tensor:
        with torch.no_grad():
            made = generator(batch[0])
        real = functional.softplus(-scores(*batch[:2])).mean()
        return 0.5 * (real + functional.softplus(scores(batch[0], made)).mean())

    def filled(batch: Batch) -> Tensor:
        made = generator(batch[0]).float()
        fooled = functional.softplus(-scores(batch[0], made)).mean()
        return fooled + 20 * functional.l1_loss(made, batch[1])

    parts = {"first": "generator.down1.0", "middle": "generator.up1", "head": "generator.up2"}
    parts |= {"branch": "judge", "trunk": "generator.down1 generator.down2"}
    phases = [Phase((generator,), filled), Phase((judge,), judged)]
    return Task({"generator": generator, "judge": judge}, phases, draw, parts)


def _look() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, 2, 1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Linear(64, 24),
    )


def _shaken(images: Tensor) -> Tensor:
    moved = torch.roll(images, tuple(torch.randint(-2, 3, (2,)).tolist()), (2, 3))
    return moved + 0.3 * torch.randn_like(images)


def moco() -> Task:
    """Two looks at a picture agree more than with a queue of earlier keys (MoCo)."""
    models = {"query": _look(), "key": _look()}
    query, key = models["query"], models["key"]
    key.load_state_dict(copy.deepcopy(query.state_dict()))
    with torch.no_grad():
        queue = functional.normalize(key(_shaken(pictures()[0][:256])), dim=1)
    newest: list[Tensor] = []
    draw, _ = draw_samples(pictures(), 32)

    def loss(batch: Batch) -> Tensor:
        own = functional.normalize(query(_shaken(batch[0])).float(), dim=1)
        with torch.no_grad():
            other = functional.normalize(key(_shaken(batch[0])).float(), dim=1)
        newest[:] = [other]
        logits = torch.cat([(own * other).sum(1, keepdim=True), own @ queue.clone().T], 1)
        return functional.cross_entropy(logits / 0.2, torch.zeros(len(own), dtype=torch.long))

    @torch.no_grad()
    def follow(step: int) -> None:
        place = (step * 32) % 256
        queue[place : place + len(newest[0])] = newest[0]
        for own, new in zip(key.parameters(), query.parameters(), strict=True):
            own.lerp_(new, 0.03)

    parts = {"first": "query.0", "middle": "query.3", "head": "query.10", "trunk": "query.0"}
    return Task(models, [Phase((query,), loss)], draw, parts, after_step=follow)


class HashCodes(nn.Module):
    """Codes of 24 values near -1 and 1, for search."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU()
        )
        self.code = nn.Linear(512, 24)
        self.binary = nn.Tanh()

    def forward(self, images: Tensor) -> Tensor:
        code: Tensor = self.binary(self.code(self.body(images).flatten(1)))
        return code


def hash_codes() -> Task:
    """Codes of one kind agree, others do not, and all values are near -1 or 1 in the end."""
    model = HashCodes()

    def loss(batch: Batch) -> Tensor:
        code = model(batch[0]).float()
        alike = (batch[1][:, None] == batch[1]).float()
        inner = code @ code.T / 4
        pairs = (functional.softplus(inner) - alike * inner).mean()
        return pairs + 0.1 * (code.abs() - 1).square().mean()

    parts = {"first": "body.0", "middle": "body.2", "head": "code", "trunk": "body"}
    return learn(model, loss, pictures(), parts=parts, classes=pictures()[1])


class SigLip(nn.Module):
    """Two towers, and a bias of -10 for pairs that mostly do not belong together."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.images = nn.Sequential(
            nn.Conv2d(1, 16, 4, 4), nn.GELU(), nn.Flatten(), nn.Linear(256, 64), nn.GELU()
        )
        self.image_out = nn.Linear(64, width)
        self.words = nn.Embedding(40, 48)
        self.texts = nn.Sequential(nn.Linear(48, 64), nn.GELU(), nn.Linear(64, width))
        self.scale, self.bias = nn.Parameter(torch.tensor(2.3)), nn.Parameter(torch.tensor(-10.0))

    def forward(self, images: Tensor, tokens: Tensor) -> Tensor:
        seen = functional.normalize(self.image_out(self.images(images)), dim=1)
        read = functional.normalize(self.texts(self.words(tokens).mean(1)), dim=1)
        return seen @ read.T * self.scale.exp() + self.bias


def siglip() -> Task:
    model = SigLip()

    def loss(batch: Batch) -> Tensor:
        signs = 2 * torch.eye(len(batch[0])) - 1
        return functional.softplus(-signs * model(*batch).float()).sum(1).mean()

    parts = {"first": "images.0", "embedding": "words", "middle": "texts.0", "head": "image_out"}
    parts |= {"branch": "words texts", "trunk": "images"}
    return learn(model, loss, data.described_pictures(), parts=parts)
