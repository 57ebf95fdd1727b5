"""The networks that are trained, one model with its optimizer, and the time of its steps."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

Step = Callable[[], None]


class Block(nn.Module):
    """A transformer block of the small GPT."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.act, self.down = (
            nn.Linear(width, 4 * width),
            nn.GELU(),
            nn.Linear(4 * width, width),
        )
        self.heads = heads

    def forward(self, x: Tensor) -> Tensor:
        batch, time_steps, width = x.shape
        parts = self.qkv(self.norm1(x)).view(batch, time_steps, 3, self.heads, -1)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        mixed = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, time_steps, width))
        return x + self.down(self.act(self.up(self.norm2(x))))


class SmallGPT(nn.Module):
    """4 blocks, width 128, 4 heads, context 64."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(256, 128), nn.Embedding(64, 128)
        self.blocks = nn.Sequential(*(Block(128, 4) for _ in range(4)))
        self.norm, self.head = nn.LayerNorm(128), nn.Linear(128, 256)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tokens(ids) + self.places(torch.arange(ids.shape[1]))
        return self.head(self.norm(self.blocks(x))).flatten(0, 1)


class Tagger(nn.Module):
    """Two LSTM layers over embeddings."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(256, 128)
        self.lstm = nn.LSTM(128, 256, num_layers=2, batch_first=True)
        self.head = nn.Linear(256, 256)

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.lstm(self.embedding(ids))[0]).flatten(0, 1)


def make_resnet() -> tuple[nn.Module, Tensor, Tensor]:
    import torchvision

    model = torchvision.models.resnet18(num_classes=10)
    model.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    return model, torch.randn(64, 1, 28, 28), torch.randint(10, (64,))


def make_text(model: nn.Module) -> tuple[nn.Module, Tensor, Tensor]:
    ids = torch.randint(256, (16, 64))
    return model, ids, ids.roll(-1, 1).flatten()


MODELS = {
    "resnet18": make_resnet,
    "gpt": lambda: make_text(SmallGPT()),
    "lstm": lambda: make_text(Tagger()),
}


class Trainer:
    """One model with its optimizer; a way sets `finish`, called after each step, and `close`."""

    def __init__(self, source: nn.Module, x: Tensor, y: Tensor) -> None:
        self.model = copy.deepcopy(source)
        self.x, self.y = x, y
        self.optimizer = torch.optim.SGD(self.model.parameters(), 1e-3)
        self.finish: Step = lambda: None
        self.close: Step = lambda: None

    def step(self) -> None:
        nn.functional.cross_entropy(self.model(self.x), self.y).backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.finish()


class Times(NamedTuple):
    """Of one step: seconds on the wall, and seconds of CPU over all threads."""

    wall: float
    cpu: float


def time_steps(trainer: Trainer, steps: int) -> Times:
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(steps):
        trainer.step()
    return Times((time.perf_counter() - wall) / steps, (time.process_time() - cpu) / steps)
