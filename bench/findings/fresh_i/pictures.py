"""Networks that look at pictures: five of timm, and those of tutorials and competitions."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_i import data
from bench.findings.wide.data import pictures
from bench.findings.wide.training import Batch, Task, classify, learn, regress


def _weavings(model: nn.Module, size: int = 24, **parts: str) -> Task:
    """Tell cloth of four hues and two sorts of thread apart, in batches of 16."""
    cloth, weave, hue = data.weaves(size=size)
    return classify(model, (cloth, 2 * hue + weave // 4), 16, **parts)


def edge_next() -> Task:
    from timm.models.edgenext import EdgeNeXt

    model = EdgeNeXt(
        num_classes=8,
        dims=(16, 24, 32, 48),
        depths=(1, 1, 2, 1),
        heads=(2, 2, 2, 2),
        d2_scales=(2, 2, 3, 4),
        global_block_counts=(0, 1, 1, 1),
    )
    parts = {"first": "stem.0", "middle": "stages.2", "head": "head.fc"}
    return _weavings(model, 32, trunk="stem stages", deep="stages.2 stages.3", **parts)


def inception_next() -> Task:
    from timm.models.inception_next import MetaNeXt

    model = MetaNeXt(num_classes=8, depths=(1, 1, 2, 1), dims=(16, 24, 32, 48))
    parts = {"first": "stem.0", "middle": "stages.1", "head": "head.fc2"}
    return _weavings(model, 32, trunk="stem stages", **parts)


def da_vit() -> Task:
    from timm.models.davit import DaVit

    model = DaVit(
        num_classes=8,
        depths=(1, 1),
        embed_dims=(24, 48),
        num_heads=(2, 4),
        window_size=3,
        drop_path_rate=0.05,
    )
    parts = {"first": "stem.conv", "middle": "stages.1", "head": "head.fc"}
    return _weavings(model, **parts, trunk="stem stages")


def dla() -> Task:
    from timm.models.dla import DLA, DlaBasic

    model = DLA([1] * 6, [8, 8, 16, 24, 32, 48], block=DlaBasic, num_classes=8)
    parts = {"first": "base_layer.0", "middle": "level3", "head": "fc"}
    return _weavings(model, 32, trunk="base_layer level0 level1 level2", deep="level4", **parts)


def res2_net() -> Task:
    from timm.models.res2net import Bottle2neck
    from timm.models.resnet import ResNet

    model = ResNet(
        Bottle2neck,
        [1, 1, 1, 1],
        num_classes=8,
        base_width=8,
        channels=(16, 24, 32, 48),
        stem_width=16,
        block_args={"scale": 4},
    )
    parts = {"first": "conv1", "middle": "layer3", "head": "fc"}
    return _weavings(model, 32, trunk="conv1 bn1 layer1 layer2", deep="layer3 layer4", **parts)


def keras_cnn() -> Task:
    """The example of Keras for CIFAR-10, as it was carried over to PyTorch many times."""

    def pair(given: int, width: int) -> list[nn.Module]:
        convolutions = nn.Conv2d(given, width, 3, padding=1), nn.Conv2d(width, width, 3)
        ends = nn.MaxPool2d(2), nn.Dropout(0.1)
        return [convolutions[0], nn.ReLU(), convolutions[1], nn.ReLU(), *ends]

    model = nn.Sequential(
        *pair(3, 16),
        *pair(16, 32),
        nn.Flatten(),
        nn.Linear(32 * 16, 64),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(64, 8),
    )
    parts = {"first": "0", "middle": "6", "head": "16", "trunk": "0 2", "drops": "5 11 15"}
    cloth, weave, _ = data.weaves()
    return classify(model, (cloth, weave), 16, **parts)


def resnet_9() -> Task:
    """The network of DAWNBench: convolutions with norms, and two short residual parts."""

    def layer(given: int, width: int, *, halved: bool = False) -> nn.Sequential:
        own = [nn.Conv2d(given, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        return nn.Sequential(*own, *([nn.MaxPool2d(2)] if halved else []))

    model = _Residual9(layer)
    parts = {"first": "prep.0", "middle": "layer2.0", "head": "head", "trunk": "prep layer1 res1"}
    images, digit = pictures()
    return classify(model, (images, digit), 32, **parts)


class _Residual9(nn.Module):
    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.prep, self.layer1 = layer(1, 12), layer(12, 24, halved=True)
        self.res1 = nn.Sequential(layer(24, 24), layer(24, 24))
        self.layer2, self.layer3 = layer(24, 32, halved=True), layer(32, 48, halved=True)
        self.res3 = nn.Sequential(layer(48, 48), layer(48, 48))
        self.pool, self.head = nn.AdaptiveMaxPool2d(1), nn.Linear(48, 10, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        values = self.layer1(self.prep(images))
        values = self.layer3(self.layer2(values + self.res1(values)))
        logits: Tensor = self.head(self.pool(values + self.res3(values)).flatten(1))
        return logits / 4


class Extractor(nn.Module):
    """A backbone that was trained on something else, in eval mode, and a new head."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential()
        widths = (3, 16, 24, 32)
        for given, width in pairwise(widths):
            self.backbone.append(nn.Conv2d(given, width, 3, padding=1, stride=2))
            self.backbone.append(nn.BatchNorm2d(width))
            self.backbone.append(nn.ReLU())
        self.pool = nn.AdaptiveAvgPool2d(2)
        self.head = nn.Sequential(
            nn.Flatten(), nn.Linear(128, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 8)
        )

    def train(self, mode: bool = True) -> Extractor:
        super().train(mode)
        self.backbone.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.pool(self.backbone(images)))
        return logits


def feature_extractor() -> Task:
    """The backbone knows hues and weaves; the head learns weaves from what it gives."""
    cloth, weave, hue = data.weaves()
    model, first_head = Extractor(), nn.Linear(32, 32)
    both = [*model.backbone.parameters(), *first_head.parameters()]
    optimizer = torch.optim.Adam(both, 3e-3)
    model.backbone.train()
    for rows in torch.arange(len(cloth)).split(64):
        told = first_head(model.backbone(cloth[rows]).mean((2, 3)))
        optimizer.zero_grad()
        functional.cross_entropy(told, 4 * weave[rows] + hue[rows]).backward()
        optimizer.step()
    model.backbone.requires_grad_(False)
    model.train()
    parts = {"first": "head.1", "middle": "head.1", "head": "head.4", "trunk": "backbone"}
    return classify(model, (cloth, weave), 32, **parts)


class TwoHeaded(nn.Module):
    """One trunk, a head for the weave and a head for the hue."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv2d(3, 16, 5, stride=2, padding=2),
            nn.GroupNorm(4, 16),
            nn.SiLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.GroupNorm(4, 32),
            nn.SiLU(),
            nn.Conv2d(32, 48, 3, padding=1),
            nn.SiLU(),
        )
        self.weave, self.hue = nn.Linear(48, 8), nn.Linear(48, 4)
        self.spread = nn.Parameter(torch.zeros(2))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        values = self.trunk(images)
        return self.weave(values.amax((2, 3))), self.hue(values.mean((2, 3)))


def task_losses(model: TwoHeaded, batch: Batch) -> Tensor:
    """Cross entropies of the two tasks: (2,)."""
    weave, hue = model(batch[0])
    losses = functional.cross_entropy(weave, batch[1]), functional.cross_entropy(hue, batch[2])
    return torch.stack(losses)


def two_headed_cnn() -> Task:
    model = TwoHeaded()
    parts = {"first": "trunk.0", "middle": "trunk.3", "head": "weave", "trunk": "trunk"}
    parts |= {"second": "hue"}
    return learn(
        model, lambda batch: task_losses(model, batch).sum(), data.weaves(), 24, parts=parts
    )


def angle_net() -> Task:
    """Where a gauge's needle points."""
    model = nn.Sequential(
        nn.Conv2d(1, 12, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(12, 24, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(600, 48),
        nn.ReLU(),
        nn.Linear(48, 2),
    )
    parts = {"first": "0", "middle": "3", "head": "9", "trunk": "0 3"}
    return regress(model, data.needles(), 32, **parts)
