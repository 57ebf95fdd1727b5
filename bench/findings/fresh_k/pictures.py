"""Networks that see: classes, signs, masks, places and ages, from small pictures."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_k import data
from bench.findings.wide.training import (
    Batch,
    Recipe,
    Task,
    Training,
    classify,
    learn,
    train_before,
)


def fashion_mlp() -> Task:
    """Flattened pictures through three layers with batch norms."""
    layers: list[nn.Module] = [nn.Flatten()]
    for given, width in ((400, 96), (96, 64), (64, 32)):
        layers += [nn.Linear(given, width), nn.BatchNorm1d(width), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(32, 6))
    parts = {"first": "1", "middle": "4", "head": "10", "trunk": "1 2 4 5", "hidden": "1 4 7"}
    return classify(model, data.gratings(size=20, channels=1), **parts)


def cifar_quick() -> Task:
    """Convolutions of 5, pooling and dropout, two dense layers, no norms."""
    model = nn.Sequential(
        *(nn.Conv2d(3, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 24, 5, padding=2), nn.ReLU(), nn.AvgPool2d(2)),
        *(nn.Conv2d(24, 32, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2)),
        *(nn.Flatten(), nn.Dropout(0.3), nn.Linear(288, 48), nn.ReLU(), nn.Linear(48, 6)),
    )
    parts = {"first": "0", "middle": "3", "head": "13", "trunk": "0 3 6", "drops": "10"}
    return classify(model, data.gratings(), **parts, hidden="0 3 6 11")


def ghost_net() -> Task:
    """timm's GhostNet: half of the channels are made from others; squeezed channels as gates."""
    from timm.models.ghostnet import GhostNet

    stages = [
        [[3, 16, 16, 0, 1]],
        [[3, 32, 24, 0, 2]],
        [[5, 48, 32, 0.25, 2], [3, 64, 32, 0.25, 1]],
    ]
    model: Any = GhostNet(stages, num_classes=6, drop_rate=0.1)
    parts = {"first": "conv_stem", "middle": "blocks.1", "head": "classifier"}
    return classify(model, data.gratings(), 24, **parts, trunk="conv_stem blocks")


def swin_two() -> Task:
    """torchvision's Swin transformer of the second version, of two stages."""
    from torchvision.models.swin_transformer import (
        PatchMergingV2,
        SwinTransformer,
        SwinTransformerBlockV2,
    )

    model = SwinTransformer(
        patch_size=[3, 3],
        embed_dim=24,
        depths=[1, 2],
        num_heads=[2, 4],
        window_size=[4, 4],
        mlp_ratio=2.0,
        num_classes=6,
        block=SwinTransformerBlockV2,
        downsample_layer=PatchMergingV2,
    )
    parts = {"first": "features.0.0", "middle": "features.3.0", "head": "head"}
    return classify(model, data.gratings(), 24, **parts, trunk="features")


class SimpleVit(nn.Module):
    """Patches, a token for the class, and torch's own encoder."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 40, 6, 6)
        self.token = nn.Parameter(0.02 * torch.randn(1, 1, 40))
        self.places = nn.Parameter(0.02 * torch.randn(1, 17, 40))
        layer = nn.TransformerEncoderLayer(
            40, 4, 80, 0.1, functional.gelu, batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, 3, nn.LayerNorm(40), enable_nested_tensor=False)
        self.head = nn.Linear(40, 6)

    def forward(self, pictures: Tensor) -> Tensor:
        tokens = self.patches(pictures).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(len(tokens), -1, -1), tokens], 1) + self.places
        logits: Tensor = self.head(self.encoder(tokens)[:, 0])
        return logits


def simple_vit() -> Task:
    parts = {"first": "patches", "middle": "encoder.layers.1", "head": "head"}
    return classify(SimpleVit(), data.gratings(), 24, **parts, trunk="encoder.layers")


def res_mlp() -> Task:
    """timm's ResMLP: affine norms, and branches that begin at a ten thousandth."""
    from timm.models.mlp_mixer import Affine, MlpMixer, ResBlock

    model = MlpMixer(
        num_classes=6,
        img_size=24,
        patch_size=4,
        num_blocks=3,
        embed_dim=48,
        mlp_ratio=2,
        block_layer=partial(ResBlock, init_values=0.1),
        norm_layer=Affine,
    )
    parts = {"first": "stem.proj", "middle": "blocks.1", "head": "head", "trunk": "blocks"}
    return classify(model, data.gratings(), 24, **parts)


def pet_breeds() -> Task:
    """fastai's head behind a trunk that has learnt other kinds before."""
    from fastai.vision.learner import create_head

    trunk = nn.Sequential()
    for given, width in ((3, 16), (16, 32), (32, 48)):
        conv = nn.Conv2d(given, width, 3, 2, 1, bias=False)
        trunk.append(nn.Sequential(conv, nn.BatchNorm2d(width), nn.ReLU(inplace=True)))
    pooled = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(48, 4))
    before = classify(nn.Sequential(trunk, *pooled), data.gratings(kinds=4))
    train_before(Training(before, Recipe("adam", 3e-3, 60)))
    trunk.zero_grad()
    model = nn.Sequential(trunk, create_head(48, 6, lin_ftrs=[48]))
    parts = {"first": "0.0.0", "middle": "0.1", "head": "1.8", "trunk": "0", "drops": "1.3 1.7"}
    return classify(model, data.gratings(), **parts)


def chest_xray() -> Task:
    """Several signs in one picture, each by a binary cross entropy; group norms."""
    layers: list[nn.Module] = []
    for given, width in ((1, 16), (16, 24), (24, 32)):
        layers += [nn.Conv2d(given, width, 3, 2, 1), nn.GroupNorm(4, width), nn.ReLU()]
    model = nn.Sequential(*layers, nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(128, 5))

    def loss(batch: Batch) -> Tensor:
        return functional.binary_cross_entropy_with_logits(model(batch[0]).float(), batch[1])

    parts = {"first": "0", "middle": "3", "head": "11", "trunk": "0 1 3 4", "hidden": "0 3 6"}
    return learn(model, loss, data.scans(), 24, parts=parts)


class CellUnet(nn.Module):
    """Two steps down and up, residual at each, with transposed convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Conv2d(1, 12, 3, 1, 1)
        self.down = nn.ModuleList([self.stage(12, 20, 2), self.stage(20, 32, 2)])
        self.bottom = self.stage(32, 32, 1)
        self.up = nn.ModuleList(
            [nn.ConvTranspose2d(32, 20, 2, 2), nn.ConvTranspose2d(20, 12, 2, 2)]
        )
        self.mix = nn.ModuleList([self.stage(20, 20, 1), self.stage(12, 12, 1)])
        self.head = nn.Conv2d(12, 1, 1)

    @staticmethod
    def stage(given: int, width: int, stride: int) -> nn.Sequential:
        conv = nn.Conv2d(given, width, 3, stride, 1, bias=False)
        return nn.Sequential(conv, nn.InstanceNorm2d(width, affine=True), nn.LeakyReLU(0.1))

    def forward(self, pictures: Tensor) -> Tensor:
        fine = self.enter(pictures)
        half = self.down[0](fine)
        deep = self.bottom(self.down[1](half))
        half = half + self.up[0](deep)
        half = half + self.mix[0](half)
        fine = fine + self.up[1](half)
        mask: Tensor = self.head(fine + self.mix[1](fine))
        return mask


def cell_unet() -> Task:
    """The outline of a figure, by a cross entropy that weighs the seldom pixels more."""
    model = CellUnet()

    def loss(batch: Batch) -> Tensor:
        logits, more = model(batch[0]).float(), torch.tensor(3.0)
        return functional.binary_cross_entropy_with_logits(logits, batch[1], pos_weight=more)

    pictures, _, _, masks = data.figures()
    parts = {"first": "enter", "middle": "bottom", "head": "head", "trunk": "enter down"}
    return learn(model, loss, (pictures, masks), 16, parts=parts | {"branch": "up.0"})


class BoneAge(nn.Module):
    """A hand's picture and a column beside it, joined before the last two layers."""

    def __init__(self) -> None:
        super().__init__()
        self.hand = nn.Sequential(
            *(nn.Conv2d(1, 16, 5, 2, 2), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU()),
            *(nn.Conv2d(32, 32, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(288, 32), nn.ReLU()),
        )
        self.column = nn.Sequential(nn.Linear(2, 8), nn.ReLU())
        self.join = nn.Linear(40, 32)
        self.head = nn.Linear(32, 1)

    def forward(self, pictures: Tensor, columns: Tensor) -> Tensor:
        both = torch.cat([self.hand(pictures), self.column(columns)], 1)
        age: Tensor = self.head(self.join(both).relu())
        return age


def bone_age() -> Task:
    model = BoneAge()
    pictures, kind, box, _ = data.figures()
    columns = torch.stack([(kind == 0).float(), (kind == 1).float()], 1)
    age = (box[:, 2:] - 0.375) / 0.072 + 1.2 * columns[:, :1] - 0.4

    def loss(batch: Batch) -> Tensor:
        return functional.smooth_l1_loss(model(batch[0], batch[1]).float(), batch[2])

    parts = {"first": "hand.0", "middle": "hand.2", "head": "head", "trunk": "hand"}
    parts |= {"branch": "column.0", "aside": "hand", "hidden": "hand.0 hand.2 hand.4 hand.7 join"}
    return learn(model, loss, (pictures, columns, age), 24, parts=parts)


class SsdLite(nn.Module):
    """Separable convolutions, and heads for kind and box at each of 6 x 6 places."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            *(nn.Conv2d(1, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.Hardswish()),
            *(nn.Conv2d(16, 16, 3, 1, 1, groups=16, bias=False), nn.BatchNorm2d(16)),
            *(nn.Conv2d(16, 40, 1), nn.Hardswish()),
            *(nn.Conv2d(40, 40, 3, 2, 1, bias=False), nn.BatchNorm2d(40), nn.Hardswish()),
        )
        self.kind = nn.Conv2d(40, 4, 3, 1, 1)
        self.box = nn.Sequential(nn.Conv2d(40, 24, 3, 1, 1), nn.Hardswish(), nn.Conv2d(24, 3, 1))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        features = self.trunk(pictures)
        return self.kind(features).flatten(2), self.box(features).flatten(2)


def ssd_lite() -> Task:
    """At each place: nothing or one of three kinds; a box where there is one."""
    model = SsdLite()
    pictures, kind, box, _ = data.figures()

    def loss(batch: Batch) -> Tensor:
        kinds, boxes = model(batch[0])
        cell = ((batch[2][:, :2] + 1) * 3).long().clamp(0, 5)
        place, rows = cell[:, 0] * 6 + cell[:, 1], torch.arange(len(batch[0]))
        wanted = torch.zeros(len(rows), 36, dtype=torch.long)
        wanted[rows, place] = batch[1] + 1
        weights = torch.tensor([0.1, 1.0, 1.0, 1.0])
        sort = functional.cross_entropy(kinds.float(), wanted, weights)
        return sort + functional.l1_loss(boxes.float()[rows, :, place], batch[2])

    parts = {"first": "trunk.0", "middle": "trunk.5", "head": "kind", "trunk": "trunk"}
    parts |= {"branch": "box.0", "features": "trunk.7"}
    return learn(model, loss, (pictures, kind, box), 16, parts=parts)


class FaceAttributes(nn.Module):
    """One trunk with skips and batch norms; heads for a kind, an age and a yes or no."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 24, 3, 2, 1, bias=False), nn.BatchNorm2d(24))
        self.blocks = nn.ModuleList(self.block() for _ in range(3))
        self.sort, self.years, self.glasses = nn.Linear(96, 3), nn.Linear(96, 1), nn.Linear(96, 1)

    @staticmethod
    def block() -> nn.Sequential:
        def conv() -> nn.Conv2d:
            return nn.Conv2d(24, 24, 3, padding=1, bias=False)

        return nn.Sequential(conv(), nn.BatchNorm2d(24), nn.ReLU(), conv(), nn.BatchNorm2d(24))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        values = self.stem(pictures).relu()
        for block in self.blocks:
            values = functional.avg_pool2d((values + block(values)).relu(), 2, ceil_mode=True)
        flat = values.flatten(1)
        return self.sort(flat), self.years(flat), self.glasses(flat)


def face_attributes() -> Task:
    model = FaceAttributes()
    pictures, kind, box, _ = data.figures()
    years = torch.cat([(box[:, 2:] - 0.375) / 0.072, (box[:, :1] > 0).float()], 1)

    def loss(batch: Batch) -> Tensor:
        sort, old, glasses = (own.float() for own in model(batch[0]))
        yes = functional.binary_cross_entropy_with_logits(glasses, batch[2][:, 1:])
        age = functional.mse_loss(old, batch[2][:, :1])
        return functional.cross_entropy(sort, batch[1]) + 0.5 * age + 0.5 * yes

    parts = {"first": "stem.0", "middle": "blocks.1", "head": "sort", "aside": "glasses"}
    return learn(model, loss, (pictures, kind, years), 24, parts=parts | {"trunk": "stem blocks"})
