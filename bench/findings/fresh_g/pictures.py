"""Networks that classify pictures, or learn from them without labels."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_g import data
from bench.findings.wide.data import pictures
from bench.findings.wide.training import Batch, Task, classify, draw_samples, learn


def res_next() -> Task:
    """ResNeXt of torchvision, with a stem for small pictures."""
    from torchvision.models.resnet import Bottleneck, ResNet

    model: Any = ResNet(Bottleneck, [1, 1, 1, 1], num_classes=10, groups=4, width_per_group=4)
    model.conv1, model.maxpool = nn.Conv2d(1, 64, 3, 1, 1, bias=False), nn.Identity()
    model.layer3 = model.layer4 = nn.Identity()
    model.fc = nn.Linear(512, 10)
    parts = {"first": "conv1", "middle": "layer1", "head": "fc"}
    parts |= {"trunk": "conv1 bn1 layer1", "last_norms": "layer1.0.bn3 layer2.0.bn3"}
    return classify(model, pictures(8), 24, **parts)


def beit() -> Task:
    """BEiT of timm: relative positions, a scale for each layer, no position for the first one."""
    from timm.models import Beit

    model = Beit(
        img_size=16,
        patch_size=4,
        in_chans=1,
        num_classes=10,
        embed_dim=48,
        depth=3,
        num_heads=4,
        mlp_ratio=2.0,
        init_values=0.5,
        head_init_scale=1.0,
        use_abs_pos_emb=False,
        use_rel_pos_bias=True,
        drop_path_rate=0.0,
    )
    parts = {"first": "patch_embed.proj", "middle": "blocks.1", "head": "head", "trunk": "blocks"}
    return classify(model, pictures(), **parts)


def focal_net() -> Task:
    """FocalNet of timm: gates of several widths in place of attention."""
    from timm.models import FocalNet

    model = FocalNet(
        in_chans=1,
        num_classes=10,
        embed_dim=24,
        depths=(1, 2),
        mlp_ratio=2.0,
        focal_levels=(2, 2),
        focal_windows=(3, 3),
        drop_path_rate=0.0,
    )
    parts = {"first": "stem.proj", "middle": "layers.1.blocks.0", "head": "head", "trunk": "layers"}
    return classify(model, pictures(), **parts)


class RepBlock(nn.Module):
    """RepVGG: a convolution of 3, one of 1, and nothing at all, each with a norm, are added."""

    def __init__(self, given: int, width: int, stride: int) -> None:
        super().__init__()
        self.wide, self.wide_norm = nn.Conv2d(given, width, 3, stride, 1), nn.BatchNorm2d(width)
        self.narrow, self.narrow_norm = nn.Conv2d(given, width, 1, stride), nn.BatchNorm2d(width)
        self.same = nn.BatchNorm2d(width) if stride == 1 and given == width else None
        self.act = nn.ReLU()

    def forward(self, images: Tensor) -> Tensor:
        out = self.wide_norm(self.wide(images)) + self.narrow_norm(self.narrow(images))
        if self.same is not None:
            out = out + self.same(images)
        acted: Tensor = self.act(out)
        return acted


def rep_vgg() -> Task:
    model = nn.Sequential(
        RepBlock(1, 16, 1),
        RepBlock(16, 32, 2),
        RepBlock(32, 32, 1),
        RepBlock(32, 48, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(48, 10),
    )
    parts = {"first": "0", "middle": "2", "head": "6", "trunk": "0 1"}
    return classify(model, pictures(), **parts)


class Sign(nn.Module):
    """1 or -1; gradients go straight through where values are between them."""

    straight_through = True

    def forward(self, values: Tensor) -> Tensor:
        signs = values.sign()
        if not self.straight_through:
            return signs
        kept = values.clamp(-1, 1)
        return kept + (signs - kept).detach()


class BinaryConv(nn.Conv2d):
    """A convolution by the signs of its weights, times their mean size."""

    def __init__(self, given: int, width: int) -> None:
        super().__init__(given, width, 3, padding=1, bias=False)
        self.sign = Sign()

    def forward(self, images: Tensor) -> Tensor:
        size = self.weight.abs().mean((1, 2, 3), keepdim=True)
        out: Tensor = functional.conv2d(images, self.sign(self.weight) * size, padding=1)
        return out


def binary_net() -> Task:
    """Weights and activations are 1 or -1 in the middle, as XNOR-Net has it."""
    model = nn.Sequential(
        nn.Conv2d(1, 24, 3, padding=1),
        nn.BatchNorm2d(24),
        Sign(),
        BinaryConv(24, 32),
        nn.MaxPool2d(2),
        nn.BatchNorm2d(32),
        Sign(),
        BinaryConv(32, 32),
        nn.MaxPool2d(2),
        nn.BatchNorm2d(32),
        nn.Flatten(),
        nn.Linear(128, 10),
    )
    parts = {"first": "0", "middle": "3", "head": "11", "trunk": "0 3", "before_signs": "0 1 3 5 7"}
    return classify(model, pictures(8), **parts)


def contrastive_loss(codes: Tensor, others: Tensor, same: Tensor, margin: float = 1.5) -> Tensor:
    """Hadsell's: pairs of one kind come together, others are kept apart by a margin. same: (N,)."""
    apart = (codes - others).square().sum(1).add(1e-6).sqrt()
    return (same * apart.square() + (1 - same) * (margin - apart).clamp(min=0).square()).mean()


def siamese() -> Task:
    """Whether two digits are of one kind, by one network that sees each."""
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, 2, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(512, 64),
        nn.ReLU(),
        nn.Linear(64, 8),
    )

    def loss(batch: Batch) -> Tensor:
        codes = model(torch.cat([batch[0][:, :1], batch[0][:, 1:]])).float()
        return contrastive_loss(*codes.chunk(2), batch[1])

    parts = {"first": "0", "middle": "5", "head": "7", "trunk": "0 2"}
    return learn(model, loss, data.signature_pairs(), parts=parts)


def vicreg_loss(codes: Tensor, others: Tensor, variance: float = 25.0) -> Tensor:
    """Two looks agree, each value varies by 1 in a batch, and no two values vary together."""
    alike = functional.mse_loss(codes, others)
    spread, together = torch.zeros(()), torch.zeros(())
    for own in (codes, others):
        centred = own - own.mean(0)
        spread = spread + (1 - (centred.var(0) + 1e-4).sqrt()).clamp(min=0).mean()
        shared = (centred.T @ centred / (len(own) - 1)).square()
        together = together + (shared.sum() - shared.diagonal().sum()) / own.shape[1]
    return 25 * alike + variance * spread / 2 + together


def shaken(images: Tensor) -> Tensor:
    moved = torch.roll(images, tuple(torch.randint(-2, 3, (2,)).tolist()), (2, 3))
    return moved * (0.7 + 0.6 * torch.rand(len(images), 1, 1, 1)) + 0.2 * torch.randn_like(images)


def vicreg() -> Task:
    """Two looks at a picture get one code (VICReg)."""
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, 2, 1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(512, 64),
        nn.BatchNorm1d(64),
        nn.ReLU(),
        nn.Linear(64, 32),
    )
    draw, sample = draw_samples(pictures(), 48)

    def loss(batch: Batch) -> Tensor:
        return vicreg_loss(model(shaken(batch[0])).float(), model(shaken(batch[0])).float())

    task = learn(model, loss, pictures(), 48, parts={"first": "0", "middle": "7", "head": "10"})
    task.draw, task.sample = draw, sample
    return task
