"""Networks that say what is in a picture."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.wide.data import pictures
from bench.findings.wide.training import Batch, Phase, Task, classify, draw_samples


class DinoLogits(nn.Module):
    """DINOv2's transformer with its layer scale, and a linear classifier."""

    def __init__(self) -> None:
        from transformers import Dinov2Config, Dinov2ForImageClassification

        super().__init__()
        config = Dinov2Config(
            hidden_size=48,
            num_hidden_layers=3,
            num_attention_heads=3,
            image_size=16,
            patch_size=4,
            num_channels=1,
            num_labels=10,
            initializer_range=0.05,
        )
        self.net = Dinov2ForImageClassification(config)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.net(images).logits
        return logits


def dino_v2() -> Task:
    layers = "net.dinov2.encoder.layer"
    first = "net.dinov2.embeddings.patch_embeddings.projection"
    parts = {"first": first, "middle": f"{layers}.1", "head": "net.classifier", "trunk": layers}
    return classify(DinoLogits(), pictures(), 32, **parts)


def shuffle_channels(images: Tensor) -> Tensor:
    count, channels, height, width = images.shape
    halves = images.view(count, 2, channels // 2, height, width)
    return halves.transpose(1, 2).reshape(count, channels, height, width)


class ShuffleUnit(nn.Module):
    """Half of the channels pass, half are convolved, and then they change places."""

    def __init__(self, width: int) -> None:
        super().__init__()
        half = width // 2
        self.body = nn.Sequential(
            nn.Conv2d(half, half, 1, bias=False),
            nn.BatchNorm2d(half),
            nn.ReLU(),
            nn.Conv2d(half, half, 3, padding=1, groups=half, bias=False),
            nn.BatchNorm2d(half),
            nn.Conv2d(half, half, 1, bias=False),
            nn.BatchNorm2d(half),
            nn.ReLU(),
        )

    def forward(self, images: Tensor) -> Tensor:
        passed, own = images.chunk(2, 1)
        return shuffle_channels(torch.cat([passed, self.body(own)], 1))


def shuffle_net() -> Task:
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3, 2, 1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        *(ShuffleUnit(32) for _ in range(3)),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 10),
    )
    return classify(model, pictures(), 32, first="0", middle="4", head="8", trunk="0 1 3")


class BottleneckOfZero(nn.Module):
    """A residual block whose last norm begins with a factor of 0, so that it begins as identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.act = nn.Mish()
        nn.init.zeros_(self.bn2.weight)

    def forward(self, images: Tensor) -> Tensor:
        hidden = self.act(self.bn1(self.conv1(images)))
        out: Tensor = self.act(images + self.bn2(self.conv2(hidden)))
        return out


def xresnet() -> Task:
    """fastai's xresnet: a stem of three convolutions and norms that begin with 0."""

    def stem(given: int, width: int, stride: int) -> nn.Sequential:
        conv = nn.Conv2d(given, width, 3, stride, 1, bias=False)
        return nn.Sequential(conv, nn.BatchNorm2d(width), nn.Mish())

    model = nn.Sequential(
        stem(1, 8, 1),
        stem(8, 16, 2),
        stem(16, 32, 1),
        BottleneckOfZero(32),
        nn.AvgPool2d(2),
        BottleneckOfZero(32),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.1),
        nn.Linear(32, 10),
    )
    return classify(model, pictures(), 32, first="0.0", middle="3", head="9", trunk="0 1 2 3")


def rotation_net() -> Task:
    """By which of four quarter turns a picture was turned (RotNet)."""
    model = nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(512, 64),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(64, 4),
    )
    images, _ = pictures()
    turns = torch.randint(0, 4, (len(images),), generator=torch.Generator().manual_seed(0))
    turned = torch.stack(
        [each.rot90(int(t), (1, 2)) for each, t in zip(images, turns, strict=True)]
    )
    parts = {"first": "0", "middle": "4", "head": "12", "dropout": "11", "trunk": "0 4"}
    return classify(model, (turned, turns), 32, **parts)


class Quantise(nn.Module):
    """Rounds to `bits` with a running range; the gradient passes straight through."""

    def __init__(self, bits: int = 8) -> None:
        super().__init__()
        self.levels = float(2 ** (bits - 1) - 1)
        self.straight_through = True
        self.register_buffer("largest", torch.tensor(0.0))
        self.largest: Tensor

    def forward(self, given: Tensor) -> Tensor:
        if self.training:
            now = given.detach().abs().max()
            self.largest = now if self.largest == 0 else 0.9 * self.largest + 0.1 * now
        scale = self.largest / self.levels + 1e-9
        rounded = (given / scale).round().clamp(-self.levels, self.levels) * scale
        return given + (rounded - given).detach() if self.straight_through else rounded


def int8_cnn() -> Task:
    """Quantisation-aware training: activations are rounded as an int8 network will have them."""
    model = nn.Sequential(
        Quantise(),
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        Quantise(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        Quantise(),
        nn.AdaptiveAvgPool2d(4),
        nn.Flatten(),
        nn.Linear(512, 10),
    )
    parts = {"first": "1", "middle": "5", "head": "10", "trunk": "1 5", "cut": "1 5"}
    return classify(model, pictures(), 32, **parts)


class Spike(torch.autograd.Function):
    """1 where a potential is above its threshold; the gradient is that of a smooth step."""

    @staticmethod
    def forward(ctx: object, given: Tensor) -> Tensor:
        ctx.save_for_backward(given)  # type: ignore[attr-defined]
        return (given > 0).float()

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:  # type: ignore[override]
        (given,) = ctx.saved_tensors  # type: ignore[attr-defined]
        return gradient / (1 + 5 * given.abs()).square()


class LeakyNeurons(nn.Module):
    """Potentials that leak, spike above a threshold and are then reduced by it."""

    def __init__(self, threshold: float = 1.0) -> None:
        super().__init__()
        self.threshold, self.straight_through = threshold, True

    def forward(self, current: Tensor) -> Tensor:
        """(time, N, neurons) currents give as many spikes of 0 and 1."""
        potential, spikes = torch.zeros_like(current[0]), []
        for now in current:
            potential = 0.9 * potential + now
            above = potential - self.threshold
            spikes.append(Spike.apply(above) if self.straight_through else (above > 0).float())
            potential = potential - spikes[-1] * self.threshold
        return torch.stack(spikes)


class SpikingNet(nn.Module):
    """A spiking network: pictures are shown for eight steps, and spikes are counted."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.neurons1 = nn.Linear(256, 128), LeakyNeurons()
        self.second, self.neurons2 = nn.Linear(128, 64), LeakyNeurons()
        self.out = nn.Linear(64, 10)

    def forward(self, images: Tensor) -> Tensor:
        shown = self.first(images.flatten(1)).expand(8, -1, -1)
        spikes = self.neurons2(self.second(self.neurons1(shown)))
        out: Tensor = self.out(spikes).mean(0)
        return out


def spiking() -> Task:
    parts = {"first": "first", "middle": "second", "head": "out"}
    return classify(SpikingNet(), pictures(), 32, **parts, trunk="first", cut="first second")


def _pupil() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1),
        nn.GroupNorm(4, 16),
        nn.LeakyReLU(0.1),
        nn.Conv2d(16, 32, 3, 2, 1),
        nn.GroupNorm(4, 32),
        nn.LeakyReLU(0.1),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(512, 10),
    )


def mean_teacher(consistency: float = 1.0) -> Task:
    """A quarter of the pictures has labels; for the others an averaged copy is agreed with."""
    models = {"student": _pupil(), "teacher": _pupil()}
    student, teacher = models["student"], models["teacher"]
    teacher.load_state_dict(copy.deepcopy(student.state_dict()))
    draw, sample = draw_samples(pictures(), 48)

    def loss(batch: Batch) -> Tensor:
        images, kinds = batch
        logits = student(images + 0.2 * torch.randn_like(images)).float()
        with torch.no_grad():
            told = teacher(images + 0.2 * torch.randn_like(images)).float().softmax(1)
        apart = (logits.softmax(1) - told).square().sum(1).mean()
        return functional.cross_entropy(logits[:12], kinds[:12]) + consistency * apart

    @torch.no_grad()
    def follow(_step: int) -> None:
        for own, new in zip(teacher.parameters(), student.parameters(), strict=True):
            own.lerp_(new, 0.05)

    parts = {"first": "student.0", "middle": "student.3", "head": "student.8", "branch": "teacher"}
    parts |= {"trunk": "student.0 student.1", "dropout": "student.7"}
    return Task(
        models, [Phase((student,), loss)], draw, parts, pictures()[1], sample, after_step=follow
    )
