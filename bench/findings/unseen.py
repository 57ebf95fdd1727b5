"""Networks that no threshold was set on, nor looked at before the thresholds were fixed."""

from __future__ import annotations

import itertools
from typing import Final

from torch import Tensor, nn

from bench.findings.models import ARCHITECTURES, Architecture, Recurrent, conv_block


def mlp_gelu() -> nn.Sequential:
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs in (784, 96, 96, 96):
        layers += [nn.Linear(inputs, 96), nn.GELU(), nn.Dropout(0.2)]
    return nn.Sequential(*layers, nn.Linear(96, 10))


def cnn_silu() -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in ((1, 12), (12, 16), (16, 24)):
        layers += [nn.Conv2d(inputs, outputs, 3, 1, 1), nn.GroupNorm(4, outputs), nn.SiLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(96, 10))


def cnn_leaky() -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in ((1, 6), (6, 12), (12, 12)):
        layers += [nn.Conv2d(inputs, outputs, 3, 2, 1), nn.LeakyReLU(0.1)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(192, 10))


class PostNormEncoder(nn.Module):
    """Rows of an image as tokens, PyTorch's own encoder layers, norm after each block, ReLU."""

    def __init__(self, inputs: int, classes: int) -> None:
        super().__init__()
        self.embed = nn.Linear(inputs, 32)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(32, 4, 64, dropout=0.1, batch_first=True) for _ in range(3)
        )
        self.head = nn.Linear(32, classes)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.embed(x[:, 0])
        for layer in self.layers:
            tokens = layer(tokens)
        return self.head(tokens.mean(1))


class Separable(nn.Module):
    """Depthwise and pointwise convolution with a squeeze-and-excitation gate, as mobile nets."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.depth = nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False)
        self.norm1, self.act = nn.BatchNorm2d(inputs), nn.Hardswish()
        self.pool, self.gate = nn.AdaptiveAvgPool2d(1), nn.Conv2d(inputs, inputs, 1)
        self.open = nn.Hardsigmoid()
        self.point, self.norm2 = nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.norm1(self.depth(x)))
        return self.norm2(self.point(x * self.open(self.gate(self.pool(x)))))


def mobile() -> nn.Sequential:
    return nn.Sequential(
        *conv_block(1, 12, 2, norm=True),
        Separable(12, 16, 1),
        Separable(16, 24, 2),
        Separable(24, 24, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(24, 10),
    )


def autoencoder() -> nn.Sequential:
    """Its targets are the pixels, of which most are 0, and a sigmoid ends it."""
    sizes = (784, 128, 32, 128)
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(128, 784), nn.Sigmoid())


class Stacked(Recurrent):
    """Two bidirectional LSTM layers."""

    def __init__(self) -> None:
        super().__init__(8, 10)
        self.rnn = nn.LSTM(32, 20, 2, batch_first=True, bidirectional=True)


UNSEEN: Final = {
    a.name: a
    for a in (
        Architecture("mlp_gelu", mlp_gelu, "mnist", "adam", 1e-3, 320, "gelu"),
        Architecture("cnn_silu", cnn_silu, "digits", "sgd", 0.03, 256, "silu", normalised=True),
        Architecture("cnn_leaky", cnn_leaky, "mnist", "adam", 2e-3, 256, "leaky"),
        Architecture(
            "post_norm",
            lambda: PostNormEncoder(8, 10),
            "digits",
            "adam",
            1e-3,
            256,
            normalised=True,
        ),
        Architecture("mobile", mobile, "mnist", "sgd", 0.05, 200, normalised=True),
        Architecture("autoencoder", autoencoder, "mnist_pixels", "adam", 1e-3, 256),
        Architecture("stacked_lstm", Stacked, "digits", "adam", 3e-3, 256, "tanh"),
    )
}

ALL: Final = {**ARCHITECTURES, **UNSEEN}
