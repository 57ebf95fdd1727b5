"""ResNet-50, ViT-B/16 and GPT-2 124M in plain torch, at full size or tiny, with their trainings."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


class Bottleneck(nn.Module):
    """ResNet's block of three convolutions."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = 4 * width
        self.conv1, self.bn1 = nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module = nn.Identity()
        if stride > 1 or inputs != outputs:
            conv = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(conv, nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        return self.relu(self.bn3(self.conv3(out)) + self.downsample(x))


class ResNet(nn.Module):
    """ResNet-50 with ``width=64, depths=(3, 4, 6, 3)``."""

    def __init__(self, width: int, depths: tuple[int, ...], classes: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
        self.relu, self.maxpool = nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
        inputs, stages = width, []
        for stage, depth in enumerate(depths):
            own = width * 2**stage
            strides = [1 if stage == 0 else 2] + [1] * (depth - 1)
            blocks = []
            for stride in strides:
                blocks.append(Bottleneck(inputs, own, stride))
                inputs = 4 * own
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(inputs, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        return self.fc(self.avgpool(self.stages(x)).flatten(1))


class Block(nn.Module):
    """A transformer block, normalised first."""

    def __init__(self, width: int, heads: int, *, causal: bool) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.act = nn.Linear(width, 4 * width), nn.GELU(approximate="tanh")
        self.down = nn.Linear(4 * width, width)
        self.heads, self.causal = heads, causal

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        parts = self.qkv(self.norm1(x)).view(batch, length, 3, self.heads, -1)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        mixed = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(self.act(self.up(self.norm2(x))))


class ViT(nn.Module):
    """ViT-B/16 with ``width=768, depth=12, heads=12, patch=16``."""

    def __init__(
        self, width: int, depth: int, heads: int, patch: int, image: int, classes: int
    ) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.cls = nn.Parameter(torch.zeros(1, 1, width))
        self.places = nn.Parameter(torch.randn(1, (image // patch) ** 2 + 1, width) * 0.02)
        self.blocks = nn.Sequential(*(Block(width, heads, causal=False) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(len(x), -1, -1), x], dim=1) + self.places
        return self.head(self.norm(self.blocks(x))[:, 0])


class GPT(nn.Module):
    """GPT-2 124M with ``width=768, depth=12, heads=12, length=1024, words=50257``."""

    def __init__(self, width: int, depth: int, heads: int, length: int, words: int) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(words, width), nn.Embedding(length, width)
        self.blocks = nn.Sequential(*(Block(width, heads, causal=True) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, words, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tokens(ids) + self.places(torch.arange(ids.shape[1], device=ids.device))
        return self.head(self.norm(self.blocks(x))).flatten(0, 1)


@dataclass(frozen=True)
class Training:
    """What is trained: a model, its batch, and the modules that "five layers" means."""

    name: str
    make: Callable[[str], tuple[nn.Module, Tensor, Tensor]]
    five_layers: tuple[str, ...]
    compiled: bool = False


def make_resnet(device: str, *, tiny: bool) -> tuple[nn.Module, Tensor, Tensor]:
    model = ResNet(4, (1, 1, 1, 1), 10) if tiny else ResNet(64, (3, 4, 6, 3), 1000)
    images, size = (2, 16) if tiny else (128, 224)
    x = torch.randn(images, 3, size, size, device=device)
    x = x.to(memory_format=torch.channels_last)
    model = model.to(device, memory_format=torch.channels_last)
    return model, x, torch.randint(10 if tiny else 1000, (images,), device=device)


def make_vit(device: str, *, tiny: bool) -> tuple[nn.Module, Tensor, Tensor]:
    model = ViT(16, 4, 2, 8, 32, 10) if tiny else ViT(768, 12, 12, 16, 224, 1000)
    images, size = (2, 32) if tiny else (128, 224)
    x = torch.randn(images, 3, size, size, device=device)
    return model.to(device), x, torch.randint(10 if tiny else 1000, (images,), device=device)


def make_gpt(device: str, *, tiny: bool) -> tuple[nn.Module, Tensor, Tensor]:
    length, words = (16, 64) if tiny else (1024, 50257)
    model = GPT(16, 4, 2, length, words) if tiny else GPT(768, 12, 12, length, words)
    ids = torch.randint(words, (2 if tiny else 8, length), device=device)
    return model.to(device), ids, ids.roll(-1, 1).flatten()


def trainings(*, tiny: bool) -> list[Training]:
    """The trainings in the order in which they are measured."""
    stages = ("conv1", *(f"stages.{stage}" for stage in range(4)))
    depth = 4 if tiny else 12
    blocks = (*(f"blocks.{depth * part // 5}" for part in range(1, 5)), "norm")
    gpt, vit, resnet = (
        functools.partial(make, tiny=tiny) for make in (make_gpt, make_vit, make_resnet)
    )
    if tiny:
        names = ("tiny GPT, eager", "tiny ResNet", "tiny GPT, compiled", "tiny ViT")
    else:
        names = (
            "GPT-2 124M, 8 x 1,024, eager",
            "ResNet-50, batch 128",
            "GPT-2 124M, 8 x 1,024, compiled",
            "ViT-B/16, batch 128",
        )
    return [
        Training(names[0], gpt, blocks),
        Training(names[1], resnet, stages),
        Training(names[2], gpt, blocks, compiled=True),
        Training(names[3], vit, blocks),
    ]
