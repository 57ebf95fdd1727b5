"""Networks for pictures and spectrograms of the second half."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.findings.fresh.data import tones
from bench.findings.wide.data import pictures
from bench.findings.wide.training import Batch, Phase, Task, classify, draw_samples, learn


def xcit() -> Task:
    """Attention between channels, LayerScale at 1."""
    from timm.models.xcit import Xcit

    model = Xcit(
        img_size=16,
        patch_size=8,
        in_chans=1,
        num_classes=10,
        embed_dim=32,
        depth=2,
        num_heads=4,
        mlp_ratio=2,
        cls_attn_layers=1,
    )
    parts = {"embedding": "patch_embed", "middle": "blocks.1", "head": "head"}
    return classify(model, pictures(16), 24, **parts, trunk="patch_embed blocks.0")


def regnet() -> Task:
    """Grouped convolutions with squeeze and excitation."""
    from timm.models.regnet import RegNet, RegNetCfg

    config = RegNetCfg(depth=5, w0=8, wa=8, wm=1.7, group_size=8, se_ratio=0.25, stem_width=12)
    model = RegNet(config, in_chans=1, num_classes=10)
    parts = {"embedding": "stem", "middle": "s2", "head": "head.fc", "trunk": "stem s1"}
    return classify(model, pictures(16), 24, **parts)


class Branches(nn.Module):
    """Convolutions of several sizes beside each other, then put together."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.point = nn.Conv2d(inputs, width, 1)
        self.small = nn.Sequential(
            nn.Conv2d(inputs, width // 2, 1), nn.Mish(), nn.Conv2d(width // 2, width, 3, padding=1)
        )
        self.large = nn.Sequential(
            nn.Conv2d(inputs, width // 2, 1), nn.Mish(), nn.Conv2d(width // 2, width, 5, padding=2)
        )
        self.norm, self.act = nn.GroupNorm(3, 3 * width), nn.Mish()

    def forward(self, x: Tensor) -> Tensor:
        both = torch.cat([self.point(x), self.small(x), self.large(x)], 1)
        return self.act(self.norm(both))


def inception() -> Task:
    model = nn.Sequential(
        nn.Conv2d(1, 10, 3, padding=1),
        nn.Mish(),
        Branches(10, 8),
        nn.MaxPool2d(2),
        Branches(24, 10),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.1),
        nn.Linear(30, 10),
    )
    parts = {"embedding": "0", "middle": "4", "head": "8", "trunk": "0 2", "drop": "7"}
    return classify(model, pictures(8), 32, **parts)


class LinkNet(nn.Module):
    """Down twice and up again; what was on the way is added."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = self._conv(1, 12, 1)
        self.down1, self.down2 = self._conv(12, 20, 2), self._conv(20, 28, 2)
        self.up2, self.up1 = self._up(28, 20), self._up(20, 12)
        self.head = nn.Conv2d(12, 1, 1)

    def _conv(self, inputs: int, outputs: int, stride: int) -> nn.Sequential:
        conv = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.LeakyReLU(0.1))

    def _up(self, inputs: int, outputs: int) -> nn.Sequential:
        conv = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False)
        return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.LeakyReLU(0.1))

    def forward(self, x: Tensor) -> Tensor:
        first = self.stem(x)
        second = self.down1(first)
        return self.head(first + self.up1(second + self.up2(self.down2(second))))


def segmentation() -> Task:
    """The strokes of a digit under noise."""
    model = LinkNet()

    def loss(batch: Batch) -> Tensor:
        goal = (batch[0] > 0.4).float()
        logits = model(batch[0] + 0.8 * torch.randn_like(batch[0]))
        return nn.functional.binary_cross_entropy_with_logits(logits, goal)

    parts = {"embedding": "stem", "middle": "down2", "head": "head", "trunk": "stem down1"}
    return learn(model, loss, pictures(8)[:1], 32, parts=parts)


def audio_transformer() -> Task:
    """transformers' network for spectrograms."""
    from transformers import ASTConfig, ASTForAudioClassification

    config = ASTConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        patch_size=8,
        frequency_stride=8,
        time_stride=8,
        max_length=24,
        num_mel_bins=32,
        num_labels=6,
    )
    model = ASTForAudioClassification(config)

    def loss(batch: Batch) -> Tensor:
        return nn.functional.cross_entropy(model(batch[0][:, 0].mT).logits, batch[1])

    parts = {
        "embedding": "audio_spectrogram_transformer.embeddings",
        "middle": "audio_spectrogram_transformer.layers.1",
        "head": "classifier.dense",
        "trunk": "audio_spectrogram_transformer",
    }
    return learn(model, loss, tones(), 24, parts=parts, classes=tones()[1])


def audio_cnn() -> Task:
    """Convolutions along time alone, with batch norm and ReLU6."""
    layers: list[nn.Module] = [nn.Flatten(1, 2)]
    for inputs, outputs in ((32, 32), (32, 48), (48, 48)):
        layers += [
            nn.Conv1d(inputs, outputs, 5, padding=2),
            nn.BatchNorm1d(outputs),
            nn.ReLU6(),
        ]
    layers += [nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Dropout(0.3), nn.Linear(48, 6)]
    parts = {"embedding": "1", "middle": "4", "head": "13", "drop": "12", "trunk": "1 2 4 5"}
    return classify(nn.Sequential(*layers), tones(), 32, **parts)


def softmax_regression() -> Task:
    """One layer."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    return classify(model, pictures(8), 32, embedding="1", head="1")


def margin() -> Task:
    """Digits of one class near each other, those of others a margin away."""
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1), nn.PReLU(), nn.Conv2d(16, 24, 3, 2, 1), nn.PReLU(),
        nn.Flatten(), nn.Linear(96, 16),
    )  # fmt: skip

    def loss(batch: Batch) -> Tensor:
        points = nn.functional.normalize(model(batch[0]), dim=1)
        distance = (points[:, None] - points[None]).square().sum(2)
        same = batch[1][:, None] == batch[1][None]
        near = distance[same].mean()
        return near + (1 - distance[~same]).relu().mean()

    parts = {"embedding": "0", "middle": "2", "head": "5", "trunk": "0 2"}
    return learn(model, loss, pictures(8), 48, parts=parts, classes=pictures(8)[1])


def barlow_twins() -> Task:
    """Two views agree in each feature, and features do not repeat each other."""
    encoder = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 96), nn.LayerNorm(96), nn.GELU(), nn.Linear(96, 48)
    )
    projector = nn.Sequential(nn.Linear(48, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Linear(48, 24))

    def view(x: Tensor) -> Tensor:
        return projector(encoder(x + 0.4 * torch.randn_like(x)))

    def loss(batch: Batch) -> Tensor:
        views = [view(batch[0]) for _ in range(2)]
        one, two = ((each - each.mean(0)) / (each.std(0) + 1e-4) for each in views)
        crossed = one.T @ two / len(one)
        diagonal = crossed.diagonal()
        rest = crossed.square().sum() - diagonal.square().sum()
        return (1 - diagonal).square().sum() + 0.02 * rest

    draw, sample = draw_samples(pictures(8)[:1], 64)
    parts = {"embedding": "encoder.1", "middle": "encoder.4", "head": "projector.3"}
    models = {"encoder": encoder, "projector": projector}
    return Task(models, [Phase((encoder, projector), loss)], draw, parts, sample=sample)


class Masked(nn.Conv2d):
    """Sees what is above and to the left alone."""

    def __init__(self, inputs: int, outputs: int, *, own: bool) -> None:
        super().__init__(inputs, outputs, 5, padding=2)
        mask = torch.ones(5, 5)
        mask[2, 2 + own :], mask[3:] = 0, 0
        self.register_buffer("mask", mask)

    def forward(self, x: Tensor) -> Tensor:
        assert isinstance(self.mask, Tensor)
        return self._conv_forward(x, self.weight * self.mask, self.bias)


def pixel_cnn() -> Task:
    """Each pixel of four levels from those before it."""
    layers: list[nn.Module] = [Masked(1, 24, own=False), nn.ReLU()]
    for _ in range(2):
        layers += [Masked(24, 24, own=True), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Conv2d(24, 4, 1))

    def loss(batch: Batch) -> Tensor:
        levels = ((batch[0][:, 0] + 0.82) / 0.67).long().clamp(0, 3)
        return nn.functional.cross_entropy(model(batch[0]), levels)

    parts = {"embedding": "0", "middle": "2", "head": "6", "trunk": "0 2"}
    return learn(model, loss, pictures(8)[:1], 24, parts=parts)


def hinge_gan() -> Task:
    """A convolutional judge with spectral norm."""
    norm = nn.utils.parametrizations.spectral_norm
    make = nn.Sequential(
        nn.Linear(16, 24 * 4), nn.Unflatten(1, (24, 2, 2)), nn.BatchNorm2d(24), nn.ReLU(),
        nn.ConvTranspose2d(24, 16, 4, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
        nn.ConvTranspose2d(16, 1, 4, 2, 1), nn.Tanh(),
    )  # fmt: skip
    judge = nn.Sequential(
        norm(nn.Conv2d(1, 16, 3, 2, 1)), nn.LeakyReLU(0.1), norm(nn.Conv2d(16, 32, 3, 2, 1)),
        nn.LeakyReLU(0.1), nn.Flatten(), norm(nn.Linear(128, 1)),
    )  # fmt: skip

    def judge_loss(batch: Batch) -> Tensor:
        fake = make(torch.randn(len(batch[0]), 16)).detach()
        return (1 - judge(batch[0] / 1.9)).relu().mean() + (1 + judge(fake)).relu().mean()

    def make_loss(batch: Batch) -> Tensor:
        return -judge(make(torch.randn(len(batch[0]), 16))).mean()

    draw, sample = draw_samples(pictures(8)[:1], 32)
    phases = [Phase((judge,), judge_loss), Phase((make,), make_loss)]
    parts = {"embedding": "make.0", "middle": "make.4", "head": "make.7"}
    return Task({"make": make, "judge": judge}, phases, draw, parts, sample=sample)
