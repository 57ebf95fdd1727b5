"""Networks whose output is a picture, or a map of one."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_c import data
from bench.findings.wide.data import pictures
from bench.findings.wide.training import Batch, Phase, Task, draw_samples, learn


class Detector(nn.Module):
    """A grid of cells, each with a presence, a box and a class."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for given, width in ((1, 12), (12, 24), (24, 32)):
            layers += [nn.Conv2d(given, width, 3, stride=2, padding=1, bias=False)]
            layers += [nn.BatchNorm2d(width), nn.LeakyReLU(0.1)]
        self.backbone = nn.Sequential(*layers)
        self.neck = nn.Conv2d(32, 32, 3, padding=1)
        self.head = nn.Conv2d(32, 7, 1)

    def forward(self, given: Tensor) -> Tensor:
        return self.head(functional.leaky_relu(self.neck(self.backbone(given)), 0.1))


def detector() -> Task:
    model = Detector()

    def loss(batch: Batch) -> Tensor:
        return detect_loss(model(batch[0]), batch[1])

    parts = {"first": "backbone.0", "trunk": "backbone", "middle": "neck", "head": "head"}
    return learn(model, loss, data.scenes(), 24, parts=parts)


def detect_loss(given: Tensor, targets: Tensor, *, root: bool = False) -> Tensor:
    """root: sizes are compared by their square roots, as the first YOLO has it."""
    there = targets[:, :1]
    present = functional.binary_cross_entropy_with_logits(given[:, :1], there)
    place = ((given[:, 1:3] - targets[:, 1:3]) ** 2 * there).mean()
    sizes = (
        (given[:, 3:5].sqrt() - targets[:, 3:5].sqrt()) if root else given[:, 3:5] - targets[:, 3:5]
    )
    size = (torch.where(there > 0, sizes, torch.zeros(())) ** 2).mean()
    classes = functional.binary_cross_entropy_with_logits(
        given[:, 5:], targets[:, 5:], weight=there
    )
    return present + 5 * (place + size) + classes


class SuperResolution(nn.Module):
    """Residual blocks without norms, scaled by 0.1, and a shuffle of channels into pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 20, 3, padding=1)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(20, 20, 3, padding=1), nn.ReLU(), nn.Conv2d(20, 20, 3, padding=1)
            )
            for _ in range(3)
        )
        self.up = nn.Conv2d(20, 4, 3, padding=1)

    def forward(self, small: Tensor) -> Tensor:
        hidden = self.stem(small)
        for block in self.blocks:
            hidden = hidden + 0.1 * block(hidden)
        return functional.pixel_shuffle(self.up(hidden), 2)


def super_resolution() -> Task:
    model, large = SuperResolution(), pictures(16)[0][:1000]

    def loss(batch: Batch) -> Tensor:
        return functional.l1_loss(model(batch[0]).float(), batch[1])

    small = functional.avg_pool2d(large, 2)
    parts = {"first": "stem", "middle": "blocks.1", "head": "up", "trunk": "stem blocks"}
    return learn(model, loss, (small, large), 24, parts=parts)


class Denoiser(nn.Module):
    """DnCNN: says what the noise is."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(1, 24, 3, padding=1), nn.ReLU()]
        for _ in range(3):
            layers += [nn.Conv2d(24, 24, 3, padding=1, bias=False), nn.BatchNorm2d(24), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.out = nn.Conv2d(24, 1, 3, padding=1)

    def forward(self, noisy: Tensor) -> Tensor:
        return self.out(self.body(noisy))


def denoiser() -> Task:
    model = Denoiser()
    clean = pictures(16)[0][:900]
    noise = 0.6 * torch.randn(clean.shape, generator=torch.Generator().manual_seed(5))

    def loss(batch: Batch) -> Tensor:
        return functional.mse_loss(model(batch[0]).float(), batch[1])

    parts = {"first": "body.0", "middle": "body.5", "head": "out", "trunk": "body"}
    return learn(model, loss, (clean + noise, noise), 16, parts=parts)


class Block(nn.Module):
    """A pre-norm transformer block, its branches scaled by learnt factors (LayerScale)."""

    def __init__(self, width: int, *, scale: float = 1.0) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, 4, batch_first=True)
        self.mlp = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )
        self.scales = nn.Parameter(torch.full((2, width), scale))

    def forward(self, given: Tensor) -> Tensor:
        normed = self.norm1(given)
        given = (
            given + self.scales[0] * self.attention(normed, normed, normed, need_weights=False)[0]
        )
        return given + self.scales[1] * self.mlp(self.norm2(given))


class MaskedAutoencoder(nn.Module):
    """Three of four patches are hidden; a shallow decoder draws them."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(48, 48)
        self.places = nn.Parameter(torch.randn(16, 48) * 0.02)
        self.encoder = nn.Sequential(*(Block(48, scale=0.1) for _ in range(3)))
        self.norm = nn.LayerNorm(48)
        self.hidden = nn.Parameter(torch.zeros(48))
        self.decoder = Block(48)
        self.head = nn.Linear(48, 48)

    def forward(self, patches: Tensor, order: Tensor) -> Tensor:
        shown = order[:, :8, None].expand(-1, -1, 48)
        tokens = self.norm(self.encoder((self.embed(patches) + self.places).gather(1, shown)))
        full = self.hidden.expand(*patches.shape[:2], 48).scatter(1, shown, tokens) + self.places
        return self.head(self.decoder(full))


def mae() -> Task:
    model = MaskedAutoencoder()
    images = data.textures()[0]
    patches = functional.unfold(images, 4, stride=4).transpose(1, 2).contiguous()
    draw, sample = draw_samples((patches,), 24)

    def loss(batch: Batch) -> Tensor:
        order = torch.rand(batch[0].shape[:2]).argsort(1)
        drawn = model(batch[0], order)
        hidden = order[:, 8:, None].expand(-1, -1, 48)
        return functional.mse_loss(drawn.gather(1, hidden).float(), batch[0].gather(1, hidden))

    parts = {"embedding": "embed", "first": "embed", "middle": "encoder.1", "head": "head"}
    parts |= {"trunk": "embed encoder norm"}
    return Task({"": model}, [Phase((model,), loss)], draw, parts, None, sample)


class DiffusionBlock(nn.Module):
    """adaLN-Zero: time shifts, scales and gates, all by a layer that starts at 0."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.modulate = nn.Sequential(nn.SiLU(), nn.Linear(width, 3 * width))
        self.attention = nn.MultiheadAttention(width, 4, batch_first=True)
        self.mlp = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )
        nn.init.zeros_(self.modulate[1].weight)
        nn.init.zeros_(self.modulate[1].bias)

    def forward(self, given: Tensor, when: Tensor) -> Tensor:
        shift, scale, gate = self.modulate(when)[:, None].chunk(3, -1)
        normed = self.norm(given) * (1 + scale) + shift
        mixed = self.attention(normed, normed, normed, need_weights=False)[0]
        return given + gate * (mixed + self.mlp(normed))


class DiffusionTransformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(16, 48)
        self.places = nn.Parameter(torch.randn(16, 48) * 0.1)
        self.time = nn.Sequential(nn.Linear(16, 48), nn.SiLU(), nn.Linear(48, 48))
        self.blocks = nn.ModuleList(DiffusionBlock(48) for _ in range(3))
        self.head = nn.Linear(48, 16)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, noisy: Tensor, when: Tensor) -> Tensor:
        waves = when[:, None] * 2.0 ** torch.arange(8) * 3.14
        timed = self.time(torch.cat([waves.sin(), waves.cos()], 1))
        hidden = self.embed(noisy) + self.places
        for block in self.blocks:
            hidden = block(hidden, timed)
        return self.head(hidden)


def dit() -> Task:
    model = DiffusionTransformer()
    patches = functional.unfold(pictures(16)[0], 4, stride=4).transpose(1, 2).contiguous()
    draw, sample = draw_samples((patches,), 24)

    def loss(batch: Batch) -> Tensor:
        when = torch.rand(len(batch[0]))
        noise = torch.randn_like(batch[0])
        angle = 1.57 * when[:, None, None]
        noisy = angle.cos() * batch[0] + angle.sin() * noise
        return functional.mse_loss(model(noisy, when).float(), noise)

    parts = {"embedding": "embed", "first": "embed", "middle": "blocks.1", "head": "head"}
    return Task({"": model}, [Phase((model,), loss)], draw, parts, None, sample)
