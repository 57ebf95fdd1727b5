"""Networks that see: classifiers, a regression, masks, boxes, features, and pairs of views."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_j import data
from bench.findings.wide.training import Batch, Task, classify, learn, regress


def strided_cnn() -> Task:
    """Strides in place of pooling, no norms, dropout before the head."""
    layers: list[nn.Module] = []
    for given, told in ((3, 16), (16, 32), (32, 32)):
        layers += [nn.Conv2d(given, told, 3, 2, 1), nn.ReLU()]
    head = [nn.Flatten(), nn.Linear(288, 48), nn.ReLU(), nn.Dropout(0.2), nn.Linear(48, 6)]
    parts = {"first": "0", "middle": "2", "head": "10", "hidden": "2 4 7", "drops": "9"}
    return classify(nn.Sequential(*layers, *head), data.stamps(), 32, **parts, trunk="0 2 4")


class BasicBlock(nn.Module):
    """Two convolutions with batch norms around a skip."""

    def __init__(self, given: int, told: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(given, told, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(told)
        self.conv2 = nn.Conv2d(told, told, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(told)
        self.relu = nn.ReLU(inplace=True)
        self.skip = nn.Conv2d(given, told, 1, stride, bias=False)

    def forward(self, values: Tensor) -> Tensor:
        inner = self.relu(self.bn1(self.conv1(values)))
        told: Tensor = self.relu(self.bn2(self.conv2(inner)) + self.skip(values))
        return told


def basic_resnet() -> Task:
    """Three blocks, as in many notebooks."""
    stem = nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
    blocks = [BasicBlock(16, 16, 2), BasicBlock(16, 32, 2), BasicBlock(32, 32, 2)]
    model = nn.Sequential(stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 6))
    return classify(model, data.stamps(), first="0.0", middle="2", head="6", trunk="0 1 2")


def pool_former() -> Task:
    """timm's MetaFormer with pooling in place of attention."""
    from timm.models.metaformer import MetaFormer

    model = MetaFormer(depths=(1, 1, 1, 1), dims=(16, 24, 32, 40), num_classes=6)
    parts = {"first": "stem.conv", "middle": "stages.1", "head": "head.fc", "trunk": "stages"}
    return classify(model, data.stamps(size=32), 16, **parts)


def reg_net() -> Task:
    """timm's RegNet with squeeze and excitation."""
    from timm.models.regnet import RegNet, RegNetCfg

    config = RegNetCfg(depth=4, w0=16, wa=8.0, wm=1.4, group_size=8, se_ratio=0.25, stem_width=16)
    model = RegNet(config, num_classes=6)
    parts = {"first": "stem.conv", "middle": "s2", "head": "head.fc", "trunk": "stem s1 s2"}
    return classify(model, data.stamps(size=32), 24, **parts)


def tiny_vit() -> Task:
    """timm's vision transformer with registers of 2 and mean pooling."""
    from timm.models.vision_transformer import VisionTransformer

    model: Any = VisionTransformer(
        img_size=24,
        patch_size=6,
        num_classes=6,
        embed_dim=32,
        depth=3,
        num_heads=4,
        mlp_ratio=2,
        reg_tokens=2,
        global_pool="avg",
        proj_drop_rate=0.1,
    )
    parts = {"first": "patch_embed.proj", "middle": "blocks.1", "head": "head"}
    return classify(model, data.stamps(), 24, **parts, trunk="blocks", embedding="patch_embed")


def age_estimator() -> Task:
    """Place and size of a disc as numbers, by a network with batch norms."""
    layers: list[nn.Module] = []
    for given, told in ((1, 12), (12, 24), (24, 32)):
        layers += [nn.Conv2d(given, told, 3, 2, 1), nn.BatchNorm2d(told), nn.SiLU()]
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(288, 32), nn.SiLU(), nn.Linear(32, 3))
    parts = {"first": "0", "middle": "3", "head": "12", "trunk": "0 1 3 4"}
    return regress(model, data.discs()[:2], **parts)


class Probe(nn.Module):
    """A linear layer on the features of a trunk that keeps its weights."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv2d(3, 32, 5, 2, 2),
            nn.ReLU(),
            nn.Conv2d(32, 48, 3, 2, 1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(3),
            nn.Flatten(),
        ).requires_grad_(False)
        self.norm = nn.BatchNorm1d(432, affine=False)
        self.head = nn.Linear(432, 6)

    def forward(self, pictures: Tensor) -> Tensor:
        logits: Tensor = self.head(self.norm(self.trunk(pictures)))
        return logits


def probe_of_features() -> Task:
    return classify(Probe(), data.stamps(), first="head", middle="head", head="head", trunk="trunk")


def double_conv(given: int, told: int) -> nn.Sequential:
    return nn.Sequential(
        *(nn.Conv2d(given, told, 3, 1, 1), nn.BatchNorm2d(told), nn.ReLU()),
        *(nn.Conv2d(told, told, 3, 1, 1), nn.BatchNorm2d(told), nn.ReLU()),
    )


class RoadNet(nn.Module):
    """A U-Net of two levels."""

    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2 = double_conv(1, 12), double_conv(12, 24)
        self.bottom = double_conv(24, 32)
        self.up2, self.up1 = double_conv(56, 24), double_conv(36, 12)
        self.head = nn.Conv2d(12, 1, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        one = self.down1(pictures)
        two = self.down2(functional.max_pool2d(one, 2))
        low = self.bottom(functional.max_pool2d(two, 2))
        two = self.up2(torch.cat([functional.interpolate(low, scale_factor=2), two], 1))
        one = self.up1(torch.cat([functional.interpolate(two, scale_factor=2), one], 1))
        mask: Tensor = self.head(one)
        return mask


def road_net() -> Task:
    """Cross entropy and Dice of a mask."""
    model = RoadNet()

    def loss(batch: Batch) -> Tensor:
        told, mask = model(batch[0]).float(), batch[1]
        share = told.sigmoid()
        dice = 1 - 2 * (share * mask).sum() / (share.sum() + mask.sum() + 1)
        return functional.binary_cross_entropy_with_logits(told, mask) + dice

    pictures, _, masks = data.discs()
    parts = {"first": "down1.0", "middle": "bottom", "head": "head", "trunk": "down1 down2"}
    return learn(model, loss, (pictures, masks), 12, parts=parts)


class SsdHeads(nn.Module):
    """For each of 6 x 6 places whether a disc's centre is there, and its box."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            *(nn.Conv2d(1, 16, 3, 2, 1), nn.GroupNorm(4, 16), nn.ReLU()),
            *(nn.Conv2d(16, 32, 3, 2, 1), nn.GroupNorm(4, 32), nn.ReLU()),
        )
        self.score = nn.Sequential(nn.Conv2d(32, 32, 3, 1, 1), nn.ReLU(), nn.Conv2d(32, 1, 1))
        self.box = nn.Sequential(nn.Conv2d(32, 32, 3, 1, 1), nn.ReLU(), nn.Conv2d(32, 3, 1))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        features = self.trunk(pictures)
        return self.score(features).flatten(1), self.box(features).flatten(2)


def ssd_heads() -> Task:
    model = SsdHeads()

    def loss(batch: Batch) -> Tensor:
        scores, boxes = model(batch[0])
        place = ((batch[1][:, :2] * 0.35 + 1) * 3).long().clamp(0, 5)
        place = place[:, 0] * 6 + place[:, 1]
        own = boxes[torch.arange(len(place)), :, place]
        hit = functional.cross_entropy(scores.float(), place)
        return hit + functional.smooth_l1_loss(own.float(), batch[1])

    parts = {"first": "trunk.0", "middle": "trunk.3", "head": "score.2", "branch": "box.0"}
    return learn(model, loss, data.discs()[:2], 24, parts=parts | {"trunk": "trunk"})


def two_views(seed_noise: float = 0.4) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    def views(pictures: Tensor) -> tuple[Tensor, Tensor]:
        noise = seed_noise * torch.randn(2, *pictures.shape)
        return pictures + noise[0], pictures.roll(2, 3) + noise[1]

    return views


def nt_xent() -> Task:
    """Two views of a picture are to find each other in a batch (SimCLR)."""
    model = nn.Sequential(
        *(nn.Conv2d(3, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 32, 3, 2, 1), nn.BatchNorm2d(32), nn.ReLU()),
        *(nn.AdaptiveAvgPool2d(3), nn.Flatten()),
        *(nn.Linear(288, 64), nn.ReLU(), nn.Linear(64, 24)),
    )
    views = two_views()

    def loss(batch: Batch) -> Tensor:
        codes = functional.normalize(model(torch.cat(views(batch[0]))).float(), dim=1)
        likeness = codes @ codes.T / 0.2 - 1e9 * torch.eye(len(codes))
        half = len(codes) // 2
        return functional.cross_entropy(likeness, torch.arange(len(codes)).roll(half))

    parts = {"first": "0", "middle": "3", "head": "10", "trunk": "0 1 3 4"}
    return learn(model, loss, data.stamps(kinds=200)[:1], 32, parts=parts)
