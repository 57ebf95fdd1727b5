"""Networks that look at pictures, films and one photograph."""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_c.data import textures
from bench.findings.fresh_e import data
from bench.findings.wide.data import pictures
from bench.findings.wide.training import Batch, Task, classify, learn


def coatnet() -> Task:
    """timm's: inverted bottlenecks first, attention with relative positions after them."""
    from timm.models.maxxvit import MaxxVit, MaxxVitCfg, MaxxVitTransformerCfg

    attention = MaxxVitTransformerCfg(dim_head=8, window_size=(2, 2), rel_pos_type="bias")
    config = MaxxVitCfg(
        embed_dim=(12, 16, 24, 32),
        depths=(1, 1, 1, 1),
        block_type=("C", "C", "T", "T"),
        stem_width=12,
        transformer_cfg=attention,
    )
    model = MaxxVit(config, img_size=32, num_classes=6)
    parts = {"first": "stem.conv1", "middle": "stages.2", "head": "head.fc", "trunk": "stem stages"}
    return classify(model, _enlarged(), 16, **parts)


def _enlarged() -> tuple[Tensor, Tensor]:
    images, kinds = textures()
    return functional.interpolate(images, scale_factor=2.0, mode="bilinear"), kinds


def nf_resnet() -> Task:
    """timm's ResNet without norms: standardised weights and scaled branches."""
    from timm.models.nfnet import NfCfg, NormFreeNet

    config = NfCfg(depths=(1, 1, 1, 1), channels=(16, 24, 32, 48), stem_type="3x3", stem_chs=12)
    model = NormFreeNet(config, num_classes=6)
    parts = {"first": "stem.conv", "middle": "stages.1", "head": "head.fc", "trunk": "stem stages"}
    return classify(model, textures(), 24, **parts)


def pyramid_vit() -> Task:
    """timm's PVT v2: overlapping patches, keys and values of smaller maps, stochastic depth."""
    from timm.models.pvt_v2 import PyramidVisionTransformerV2

    model = PyramidVisionTransformerV2(
        num_classes=6,
        depths=(1, 1, 1, 1),
        embed_dims=(16, 24, 32, 40),
        num_heads=(1, 2, 4, 4),
        sr_ratios=(4, 2, 1, 1),
        mlp_ratios=(2, 2, 2, 2),
        drop_path_rate=0.1,
    )
    parts = {"first": "patch_embed.proj", "middle": "stages.2", "head": "head"}
    return classify(model, _enlarged(), 24, trunk="patch_embed stages.0 stages.1", **parts)


class Labeller(nn.Module):
    """A first network of somebody who read a tutorial: every layer by its own name."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 5, padding=2)
        self.conv2 = nn.Conv2d(16, 24, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.dropout = nn.Dropout(0.25)
        self.fc1 = nn.Linear(24 * 16, 64)
        self.fc2 = nn.Linear(64, 4)

    def forward(self, given: Tensor) -> Tensor:
        hidden = self.pool(functional.relu(self.conv1(given)))
        hidden = self.pool(functional.relu(self.conv2(hidden)))
        hidden = functional.relu(self.fc1(hidden.flatten(1)))
        return self.fc2(self.dropout(hidden))


def multi_label() -> Task:
    model = Labeller()

    def loss(batch: Batch) -> Tensor:
        return functional.binary_cross_entropy_with_logits(model(batch[0]).float(), batch[1])

    parts = {"first": "conv1", "middle": "conv2", "head": "fc2", "dropout": "dropout"}
    return learn(model, loss, data.labelled_scenes(), parts=parts | {"trunk": "conv1 conv2"})


def tanh_cnn() -> Task:
    """As before ReLU: tanh after each convolution and average pooling."""
    model = nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Conv2d(12, 24, 3, padding=1),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(384, 48),
        nn.Tanh(),
        nn.Linear(48, 10),
    )
    parts = {"first": "0", "middle": "3", "head": "9", "trunk": "0 3"}
    return classify(model, pictures(16), **parts)


class Leaky(nn.Module):
    """Convolutions with strides, leaky ReLUs and group norms, as in fastai's lessons."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 12, 24, 32, 40)
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(given, width, 3, 2, 1, bias=False),
                nn.BatchNorm2d(width),
                nn.LeakyReLU(0.1),
            )
            for given, width in itertools.pairwise(widths)
        )
        self.out = nn.Linear(40, 6)

    def forward(self, hidden: Tensor) -> Tensor:
        for layer in self.layers:
            hidden = layer(hidden)
        return self.out(hidden.mean((2, 3)))


def leaky_cnn() -> Task:
    parts = {"first": "layers.0.0", "middle": "layers.1.0", "head": "out"}
    trunk = "layers.0 layers.1 layers.2"
    return classify(Leaky(), textures(), **parts, trunk=trunk)


class ArcFace(nn.Module):
    """Angles to the centre of each kind, with a margin for the right one."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, 2, 1),
            nn.PReLU(16),
            nn.Conv2d(16, 24, 3, 2, 1),
            nn.PReLU(24),
            nn.Flatten(),
            nn.Linear(384, 32),
            nn.BatchNorm1d(32),
        )
        self.centres = nn.Linear(32, 10, bias=False)

    def forward(self, given: Tensor) -> Tensor:
        vectors = functional.normalize(self.body(given).float())
        return vectors @ functional.normalize(self.centres.weight).T


def arc_loss(cosines: Tensor, kinds: Tensor, margin: float = 0.3, scale: float = 16.0) -> Tensor:
    own = functional.one_hot(kinds, cosines.shape[1]).bool()
    moved = (cosines.clamp(-1 + 1e-5, 1 - 1e-5).acos() + margin).cos()
    return functional.cross_entropy(scale * torch.where(own, moved, cosines), kinds)


def arc_face() -> Task:
    model = ArcFace()
    images, kinds = pictures(16)
    parts = {"first": "body.0", "middle": "body.2", "head": "body.5", "trunk": "body.0 body.2"}

    def loss(batch: Batch) -> Tensor:
        return arc_loss(model(batch[0]), batch[1])

    return learn(model, loss, (images, kinds), parts=parts, classes=kinds)


class SimSiam(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 16, 3, 2, 1, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, 2, 1, bias=False),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(128, 48),
            nn.BatchNorm1d(48, affine=False),
        )
        self.predictor = nn.Sequential(
            nn.Linear(48, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 48)
        )

    def forward(self, given: Tensor) -> tuple[Tensor, Tensor]:
        vectors = self.encoder(given)
        return vectors, self.predictor(vectors)


def two_looks(images: Tensor) -> tuple[Tensor, Tensor]:
    """Each picture twice, shifted, noisy and of other contrast."""
    looks = []
    for _ in range(2):
        across, down = torch.randint(-2, 3, (2,)).tolist()
        moved = images.roll((across, down), (2, 3)) * (0.6 + 0.8 * torch.rand(len(images), 1, 1, 1))
        looks.append(moved + 0.3 * torch.randn_like(images))
    return looks[0], looks[1]


def sim_siam() -> Task:
    """Two looks at a picture are to agree; what is aimed at gets no gradient."""
    model = SimSiam()

    def loss(batch: Batch) -> Tensor:
        one, other = two_looks(batch[0])
        (z1, p1), (z2, p2) = model(one), model(other)
        first = functional.cosine_similarity(p1, z2.detach()).mean()
        return -0.5 * (first + functional.cosine_similarity(p2, z1.detach()).mean())

    images, kinds = pictures(16)
    parts = {"first": "encoder.0", "middle": "encoder.3", "head": "predictor.3"}
    parts |= {"trunk": "encoder", "branch": "predictor"}
    return learn(model, loss, (images, kinds), 48, parts=parts, classes=kinds)


class Centres(nn.Module):
    """CenterNet: a map of where things are, whose last bias says that most places are empty."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 16, 3, 2, 1), nn.GroupNorm(4, 16), nn.SiLU())
        self.body = nn.Sequential(nn.Conv2d(16, 24, 3, 1, 1), nn.GroupNorm(4, 24), nn.SiLU())
        self.heat = nn.Sequential(nn.Conv2d(24, 24, 3, 1, 1), nn.ReLU(), nn.Conv2d(24, 2, 1))
        nn.init.constant_(self.heat[2].bias, -2.19)

    def forward(self, given: Tensor) -> Tensor:
        return self.heat(self.body(self.stem(given)))


def focal_loss(logits: Tensor, heat: Tensor) -> Tensor:
    chance = logits.float().sigmoid().clamp(1e-4, 1 - 1e-4)
    hits = heat == 1
    found = (1 - chance).square() * chance.log() * hits
    empty = (1 - heat).pow(4) * chance.square() * (1 - chance).log() * ~hits
    return -(found + empty).sum() / hits.sum().clamp(min=1)


def centre_points() -> Task:
    model = Centres()

    def loss(batch: Batch) -> Tensor:
        return focal_loss(model(batch[0]), batch[1])

    parts = {"first": "stem.0", "middle": "body.0", "head": "heat.2", "trunk": "stem body"}
    return learn(model, loss, data.spots(), 16, parts=parts)


class Depth(nn.Module):
    """Down, up again with skips; a ReLU last, since depths are never below 0."""

    def __init__(self) -> None:
        super().__init__()
        self.down1 = nn.Sequential(nn.Conv2d(1, 12, 3, 1, 1), nn.InstanceNorm2d(12), nn.ELU())
        self.down2 = nn.Sequential(nn.Conv2d(12, 24, 3, 2, 1), nn.InstanceNorm2d(24), nn.ELU())
        self.up = nn.ConvTranspose2d(24, 12, 2, 2)
        self.last = nn.Conv2d(24, 1, 3, 1, 1)
        nn.init.constant_(self.last.bias, 0.5)
        self.relu = nn.ReLU()

    def forward(self, given: Tensor) -> Tensor:
        first = self.down1(given)
        return self.relu(self.last(torch.cat([first, self.up(self.down2(first))], 1)))


def depth_net() -> Task:
    model = Depth()

    def loss(batch: Batch) -> Tensor:
        return functional.smooth_l1_loss(model(batch[0]).float(), batch[1])

    parts = {"first": "down1.0", "middle": "down2.0", "head": "last", "trunk": "down1 down2"}
    return learn(model, loss, data.depths(), 16, parts=parts)


class Films(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.space = nn.Conv3d(1, 12, (1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1))
        self.time = nn.Conv3d(12, 16, (3, 1, 1), padding=(1, 0, 0))
        self.mix = nn.Conv3d(16, 24, 3, stride=2, padding=1)
        self.norm1, self.norm2 = nn.BatchNorm3d(12), nn.BatchNorm3d(16)
        self.fc = nn.Linear(24, 4)

    def forward(self, films: Tensor) -> Tensor:
        hidden = self.norm1(self.space(films)).relu()
        hidden = self.norm2(self.time(hidden)).relu()
        return self.fc(self.mix(hidden).relu().mean((2, 3, 4)))


def video_net() -> Task:
    """Convolutions over space and over time apart (R(2+1)D)."""
    parts = {"first": "space", "middle": "time", "head": "fc", "trunk": "space time norm1 norm2"}
    return classify(Films(), data.videos(), 16, **parts)


class Rays(nn.Module):
    """Waves of a place, then layers with one skip, as in NeRF; colours by a sigmoid."""

    def __init__(self, width: int = 64, octaves: int = 5) -> None:
        super().__init__()
        self.octaves, given = octaves, 4 * octaves
        self.inner = nn.Sequential(nn.Linear(given, width), nn.ReLU(), nn.Linear(width, width))
        self.outer = nn.Sequential(nn.Linear(width + given, width), nn.ReLU())
        self.colour = nn.Sequential(nn.Linear(width, 3), nn.Sigmoid())

    def forward(self, places: Tensor) -> Tensor:
        turns = places[:, :, None] * math.pi * 2.0 ** torch.arange(self.octaves)
        waves = torch.cat([turns.sin(), turns.cos()], 2).flatten(1)
        hidden = self.inner(waves).relu()
        return self.colour(self.outer(torch.cat([hidden, waves], 1)))


def ray_field() -> Task:
    model = Rays()

    def loss(batch: Batch) -> Tensor:
        return functional.mse_loss(model(batch[0]).float(), batch[1])

    parts = {"first": "inner.0", "middle": "inner.2", "head": "colour.0", "trunk": "inner"}
    return learn(model, loss, data.photograph(), 128, parts=parts)
