"""Networks that tell what a picture, a cloud of points or a sound is."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_c.data import textures
from bench.findings.fresh_d import data
from bench.findings.wide.data import pictures
from bench.findings.wide.training import (
    Batch,
    Recipe,
    Task,
    Training,
    classify,
    learn,
    make_optimizers,
)


def mnist_mlp() -> Task:
    """Two hidden layers, the first script that most people write."""
    model = nn.Sequential()
    for name, layer in (
        ("fc1", nn.Linear(196, 96)),
        ("relu1", nn.ReLU()),
        ("fc2", nn.Linear(96, 48)),
        ("relu2", nn.ReLU()),
        ("fc3", nn.Linear(48, 10)),
    ):
        model.add_module(name, layer)
    parts = {"first": "fc1", "middle": "fc2", "relu": "relu2", "head": "fc3", "trunk": "fc1 fc2"}
    return classify(model, data.handwriting(), **parts)


def efficientnet() -> Task:
    """timm's: inverted bottlenecks, squeeze and excitation, SiLU."""
    from timm.models._efficientnet_builder import decode_arch_def
    from timm.models.efficientnet import EfficientNet

    stages = [["ds_r1_k3_s1_e1_c12_se0.25"], ["ir_r2_k3_s2_e3_c16_se0.25"], ["ir_r1_k3_s2_e3_c24"]]
    model = EfficientNet(
        decode_arch_def(stages),
        num_classes=6,
        num_features=64,
        stem_size=12,
        act_layer=nn.SiLU,
        drop_rate=0.1,
    )
    parts = {"first": "conv_stem", "middle": "blocks.1", "head": "classifier"}
    parts |= {"trunk": "conv_stem bn1 blocks"}
    return classify(model, textures(), 24, **parts)


def convmixer() -> Task:
    """timm's: patches, then convolutions of depth and of points by turns."""
    from timm.models.convmixer import ConvMixer

    model = ConvMixer(32, 4, kernel_size=5, patch_size=2, in_chans=1, num_classes=10)
    parts = {"first": "stem.0", "embedding": "stem.0", "middle": "blocks.2", "head": "head"}
    parts |= {"trunk": "stem blocks.0 blocks.1 blocks.2"}
    return classify(model, pictures(16), 24, **parts)


def se_resnet() -> Task:
    """timm's ResNet with bottlenecks and squeeze and excitation."""
    from timm.models.resnet import Bottleneck, ResNet

    model = ResNet(
        Bottleneck,
        (1, 1, 1, 1),
        num_classes=6,
        channels=(8, 12, 16, 20),
        stem_width=12,
        block_args={"attn_layer": "se"},
    )
    parts = {"first": "conv1", "middle": "layer2", "head": "fc", "trunk": "conv1 bn1 layer1 layer2"}
    return classify(model, textures(), 24, **parts)


class TripletNet(nn.Module):
    """Vectors of length 1, near for pictures of the same digit."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 24, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(384, 48),
            nn.ReLU(),
        )
        self.project = nn.Linear(48, 16)

    def forward(self, given: Tensor) -> Tensor:
        return functional.normalize(self.project(self.body(given)).float(), dim=1)


def triplet_loss(
    vectors: Tensor, kinds: Tensor, margin: float = 0.3, least: float = 1e-6
) -> Tensor:
    """Of the furthest of a kind and the nearest of another. least: below the root."""
    squares = (vectors[:, None] - vectors[None]).pow(2).sum(2)
    far = (squares + least).sqrt()
    same = kinds[:, None] == kinds[None]
    positive = far.masked_fill(~same, -math.inf).amax(1)
    negative = far.masked_fill(same, math.inf).amin(1)
    return functional.relu(positive - negative + margin).mean()


def triplet_net() -> Task:
    model = TripletNet()

    def loss(batch: Batch) -> Tensor:
        return triplet_loss(model(batch[0]), batch[1])

    images, digits = pictures(16)
    parts = {"first": "body.0", "middle": "body.2", "head": "project", "trunk": "body"}
    return learn(model, loss, (images, digits), 40, parts=parts, classes=digits)


class Adapter(nn.Module):
    """LoRA: a frozen layer and a product of low rank that starts at 0."""

    def __init__(self, base: nn.Linear, rank: int = 4) -> None:
        super().__init__()
        self.base = base
        self.down = nn.Linear(base.in_features, rank, bias=False)
        self.up = nn.Linear(rank, base.out_features, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, given: Tensor) -> Tensor:
        return self.base(given) + 2 * self.up(self.down(given))


def lora_vit() -> Task:
    """timm's vision transformer knows half of the digits; adapters learn the others."""
    from timm.models.vision_transformer import VisionTransformer

    model = VisionTransformer(
        img_size=16, patch_size=4, in_chans=1, num_classes=10, embed_dim=48, depth=3, num_heads=4
    )
    images, digits = pictures(16)
    state, known = torch.get_rng_state(), digits < 5
    before = Training(classify(model, (images[known], digits[known])), Recipe("adamw", 2e-3, 60))
    before.optimizers = make_optimizers(before)
    for step in range(60):
        before.step(step)
    torch.set_rng_state(state)
    model.requires_grad_(False)
    for block in model.blocks:
        block.attn.qkv = Adapter(block.attn.qkv)
        block.mlp.fc1 = Adapter(block.mlp.fc1)
    model.head = nn.Linear(48, 10)
    adapters = " ".join(
        f"blocks.{place}.{layer}.{part}"
        for place in range(3)
        for layer in ("attn.qkv", "mlp.fc1")
        for part in ("down", "up")
    )
    return classify(model, (images, digits), head="head", adapters=adapters)


class EdgeConv(nn.Module):
    """The greatest of what a layer says of a point and each of its nearest."""

    def __init__(self, given: int, width: int, neighbours: int = 6) -> None:
        super().__init__()
        self.layer = nn.Sequential(
            nn.Linear(2 * given, width), nn.BatchNorm1d(width), nn.LeakyReLU(0.2)
        )
        self.neighbours = neighbours

    def forward(self, points: Tensor) -> Tensor:
        count, size, width = points.shape
        near = torch.cdist(points, points).topk(self.neighbours, largest=False).indices
        rows = near.flatten(1)[..., None].expand(-1, -1, width)
        others = points.gather(1, rows).view(count, size, self.neighbours, width)
        own = points[:, :, None].expand_as(others)
        edges = torch.cat([own, others - own], 3).flatten(0, 2)
        return self.layer(edges).view(count, size, self.neighbours, -1).amax(2)


class PointEdges(nn.Module):
    """DGCNN."""

    def __init__(self) -> None:
        super().__init__()
        self.edge1, self.edge2 = EdgeConv(3, 20), EdgeConv(20, 32)
        self.fc = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 5))

    def forward(self, points: Tensor) -> Tensor:
        hidden = self.edge2(self.edge1(points))
        return self.fc(torch.cat([hidden.amax(1), hidden.mean(1)], 1))


def edge_conv() -> Task:
    parts = {"first": "edge1.layer.0", "middle": "edge2", "head": "fc.3", "dropout": "fc.2"}
    return classify(PointEdges(), data.clouds(), 16, trunk="edge1 edge2", **parts)


def keyword_net() -> Task:
    """Convolutions of depth and of points over a spectrogram, for small devices."""
    layers: list[nn.Module] = [nn.Conv2d(1, 16, 3, stride=2, padding=1, bias=False)]
    layers += [nn.BatchNorm2d(16), nn.ReLU()]
    for _ in range(2):
        layers += [nn.Conv2d(16, 16, 3, padding=1, groups=16, bias=False), nn.BatchNorm2d(16)]
        layers += [nn.ReLU(), nn.Conv2d(16, 16, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    model = nn.Sequential()
    model.add_module("features", nn.Sequential(*layers))
    model.add_module("pool", nn.AdaptiveAvgPool2d((2, 3)))
    model.add_module("flatten", nn.Flatten())
    model.add_module("drop", nn.Dropout(0.3))
    model.add_module("fc", nn.Linear(96, 6))
    parts = {"first": "features.0", "middle": "features.6", "head": "fc", "dropout": "drop"}
    return classify(model, data.keywords(), trunk="features", **parts)
