"""Small networks of every common family, and how each is trained when it is healthy."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bench.findings.data import SOUND_TAGS


@dataclass(frozen=True)
class Architecture:
    """A network, its data and its healthy training.

    normalised: layers of normalisation hold the scale, so too large weights do no harm.
    activation: name of the nonlinearity; some faults need a certain one.
    """

    name: str
    build: Callable[[], nn.Module]
    data: str
    optimizer: str
    rate: float
    steps: int
    activation: str = "relu"
    normalised: bool = False
    deep: bool = False


def mlp(sizes: list[int], act: Callable[[], nn.Module], norm: bool = False) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Flatten()]
    for i, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        layers.append(nn.Linear(inputs, outputs))
        if i < len(sizes) - 2:
            layers += [nn.LayerNorm(outputs)] if norm else []
            layers.append(act())
    return nn.Sequential(*layers)


def conv_block(inputs: int, outputs: int, stride: int, norm: bool) -> list[nn.Module]:
    conv = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=not norm)
    return [conv, *([nn.BatchNorm2d(outputs)] if norm else []), nn.ReLU()]


def cnn(widths: list[int], classes: int, norm: bool, dropout: float = 0.0) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in zip([1, *widths], widths, strict=False):
        layers += conv_block(inputs, outputs, 1, norm)
        if len(widths) <= 4:
            layers.append(nn.MaxPool2d(2))
    layers += [nn.AdaptiveAvgPool2d(3), nn.Flatten()]
    layers += [nn.Dropout(dropout)] if dropout else []
    return nn.Sequential(*layers, nn.Linear(9 * widths[-1], classes))


class Residual(nn.Module):
    """Two convolutions beside a shortcut; the last norm starts at 0 where asked, as is good use."""

    def __init__(self, inputs: int, outputs: int, stride: int, zero_last: bool = False) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.act1 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        if zero_last:
            nn.init.zeros_(self.bn2.weight)
        same = inputs == outputs and stride == 1
        self.short = nn.Identity() if same else nn.Conv2d(inputs, outputs, 1, stride, bias=False)
        self.act2 = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.bn2(self.conv2(self.act1(self.bn1(self.conv1(x)))))
        return self.act2(inner + self.short(x))


def resnet(classes: int, zero_last: bool = False) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 12, 3, 2, 1, bias=False),
        nn.BatchNorm2d(12),
        nn.ReLU(inplace=True),
        Residual(12, 12, 1, zero_last),
        Residual(12, 24, 2, zero_last),
        Residual(24, 24, 1, zero_last),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(24, classes),
    )


class Attention(nn.Module):
    """Self-attention with its softmax as a module of its own, so that it is recorded."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.softmax = nn.Softmax(-1)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, tokens, width = x.shape
        parts = self.qkv(x).view(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        queries, keys, values = parts
        weights = self.softmax(queries @ keys.mT / (width // self.heads) ** 0.5)
        return self.out((weights @ values).transpose(1, 2).reshape(batch, tokens, width))


class EncoderBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(width), Attention(width, 4)
        self.norm2, self.up, self.act = nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU()
        self.down, self.drop = nn.Linear(2 * width, width), nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.drop(self.down(self.act(self.up(self.norm2(x)))))


class Transformer(nn.Module):
    """Patches of an image as tokens, a few pre-norm blocks, mean over tokens."""

    def __init__(self, patch: int, tokens: int, classes: int, width: int = 32) -> None:
        super().__init__()
        self.cut = nn.Unfold(patch, stride=patch)
        self.embed = nn.Linear(patch * patch, width)
        self.places = nn.Parameter(torch.randn(tokens, width) * 0.1)
        self.blocks = nn.Sequential(*(EncoderBlock(width) for _ in range(3)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.embed(self.cut(x).mT) + self.places
        return self.head(self.norm(self.blocks(tokens)).mean(1))


class Recurrent(nn.Module):
    """Rows of an image as a sequence."""

    def __init__(self, inputs: int, classes: int, cell: type[nn.Module] = nn.LSTM) -> None:
        super().__init__()
        self.embed, self.act = nn.Linear(inputs, 32), nn.Tanh()
        self.rnn = cell(32, 40, batch_first=True)
        self.mix, self.act2, self.head = nn.Linear(40, 32), nn.ReLU(), nn.Linear(32, classes)

    def forward(self, x: Tensor) -> Tensor:
        outputs, _ = self.rnn(self.act(self.embed(x[:, 0])))
        return self.head(self.act2(self.mix(outputs[:, -1])))


class TagOutput(nn.Module):
    """A network whose last layer is a sigmoid per tag, as multi-label tagging has it."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body, self.sigmoid = body, nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        return self.sigmoid(self.body(x))


DEEP = [784, *[48] * 11, 10]

ARCHITECTURES = {
    a.name: a
    for a in (
        Architecture(
            "mlp", lambda: mlp([784, 100, 100, 100, 10], nn.ReLU), "mnist", "sgd", 0.03, 384
        ),
        Architecture(
            "mlp_tanh",
            lambda: mlp([784, *[64] * 4, 10], nn.Tanh),
            "mnist",
            "sgd",
            0.03,
            384,
            "tanh",
        ),
        Architecture(
            "cnn",
            lambda: cnn([8, 16, 16], 10, norm=False, dropout=0.5),
            "digits",
            "adam",
            2e-3,
            320,
        ),
        Architecture(
            "cnn_bn",
            lambda: cnn([8, 16, 16], 10, norm=True),
            "digits",
            "sgd",
            0.03,
            320,
            normalised=True,
        ),
        Architecture(
            "deep_mlp",
            lambda: mlp(DEEP, nn.ReLU, norm=True),
            "mnist",
            "adam",
            1e-3,
            320,
            normalised=True,
            deep=True,
        ),
        Architecture("lstm", lambda: Recurrent(8, 10), "digits", "adam", 3e-3, 320),
        Architecture(
            "mlp_digits", lambda: mlp([64, 80, 60, 40, 10], nn.ReLU), "digits", "adam", 2e-3, 384
        ),
        Architecture(
            "mlp_tanh_deep",
            lambda: mlp([64, *[48] * 6, 10], nn.Tanh),
            "digits",
            "adam",
            1e-3,
            384,
            "tanh",
        ),
        Architecture(
            "cnn_mnist", lambda: cnn([6, 12, 12, 12], 10, norm=False), "mnist", "adam", 2e-3, 256
        ),
        Architecture("resnet", lambda: resnet(10), "mnist", "sgd", 0.05, 200, normalised=True),
        Architecture(
            "resnet_zero",
            lambda: resnet(10, zero_last=True),
            "digits",
            "adam",
            3e-3,
            200,
            normalised=True,
        ),
        Architecture(
            "transformer",
            lambda: Transformer(7, 16, 10),
            "mnist",
            "adam",
            1e-3,
            256,
            "gelu",
            normalised=True,
        ),
        Architecture("gru", lambda: Recurrent(28, 10, nn.GRU), "mnist", "adam", 3e-3, 256),
        Architecture(
            "cnn_sounds",
            lambda: TagOutput(cnn([8, 12, 16], SOUND_TAGS, norm=True)),
            "sounds",
            "adam",
            3e-3,
            192,
            normalised=True,
        ),
        Architecture(
            "deep_cnn",
            lambda: cnn([6] * 9, 10, norm=True),
            "digits",
            "adam",
            2e-3,
            192,
            normalised=True,
            deep=True,
        ),
    )
}

CALIBRATION = ("mlp", "mlp_tanh", "cnn", "cnn_bn")
LATER_CALIBRATION = ("deep_mlp", "mlp_tanh_deep", "cnn_sounds")
"""Architectures that thresholds are set on; the later ones were meant for the test and moved over
when a look at it led to a change. All others are only for the test."""
