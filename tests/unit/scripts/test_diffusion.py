"""A diffusion training step: a U-Net with a time embedding, and a moving average beside it."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.unit.scripts.witness import EVERY_KIND, Witness, assert_recorded

TIMES = 100


class TimeEmbedding(nn.Module):
    """Sines of the time step; it has no parameters."""

    def forward(self, t: Tensor) -> Tensor:
        angles = t[:, None] * torch.exp(torch.arange(4) * -math.log(10_000) / 4)
        return torch.cat([angles.sin(), angles.cos()], dim=-1)


class Block(nn.Module):
    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, inside)
        self.conv = nn.Conv2d(inside, outside, 3, padding=1)
        self.time = nn.Linear(8, outside)
        self.act = nn.SiLU()

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        return self.act(self.conv(self.norm(x)) + self.time(emb)[:, :, None, None])


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Sequential(TimeEmbedding(), nn.Linear(8, 8))
        self.down, self.mid, self.up = Block(1, 4), Block(4, 4), Block(8, 4)
        self.pool, self.grow = nn.AvgPool2d(2), nn.Upsample(scale_factor=2)
        self.out = nn.Conv2d(4, 1, 1)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        emb = self.embed(t)
        skip = self.down(x, emb)
        deep = self.grow(self.mid(self.pool(skip), emb))
        return self.out(self.up(torch.cat([skip, deep], dim=1), emb))


def train(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    end_step: Callable[[], object],
    *,
    steps: int,
    mixed: bool,
) -> nn.Module:
    """Predict the noise, clip, step, average, and sample once in the middle."""
    kept = torch.linspace(1, 0.01, TIMES)
    average = copy.deepcopy(model).eval()
    for number in range(steps):
        x, noise = torch.randn(2, 2, 1, 4, 4)
        t = torch.randint(0, TIMES, (2,))
        share = kept[t][:, None, None, None]
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            guess = model(share.sqrt() * x + (1 - share).sqrt() * noise, t)
            loss = (guess.float() - noise).square().mean()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        end_step()
        with torch.no_grad():
            for old, new in zip(average.parameters(), model.parameters(), strict=True):
                old.lerp_(new, 0.01)
            if number == 1:
                average(noise, t)
                model.eval()(noise, t)
                model.train()
    return average


@pytest.mark.parametrize("mixed", [False, True], ids=["float32", "bfloat16"])
def test_every_kind_of_a_diffusion_training_is_exact(mixed: bool) -> None:
    torch.manual_seed(0)
    model, writer = UNet(), MemoryWriter()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    witness = Witness(model, EVERY_KIND, [optimizer])
    with ActivationHistLogger(model, writer, kinds=EVERY_KIND, on_error="raise") as hist:

        def end_step() -> None:
            witness.end_step()
            hist.step()

        average = train(model, optimizer, end_step, steps=4, mixed=mixed)
    assert_recorded(writer.histograms, witness.seen)
    copied = [hook for m in average.modules() for hook in m._forward_hooks.values()]
    assert not any(type(hook).__module__.startswith("tb_activation_hist") for hook in copied)
