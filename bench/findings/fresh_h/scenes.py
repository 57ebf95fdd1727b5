"""Networks that mark, find, colour, repaint or make pictures."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_h import data
from bench.findings.wide.data import pictures
from bench.findings.wide.training import Batch, Phase, Task, draw_samples, learn, regress


def convolve(given: int, width: int, stride: int = 1) -> nn.Sequential:
    """A convolution, a norm and a ReLU."""
    return nn.Sequential(
        nn.Conv2d(given, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
    )


class DeepLab(nn.Module):
    """A small trunk, torchvision's pyramid of dilated convolutions, and the size made up again."""

    def __init__(self) -> None:
        super().__init__()
        from torchvision.models.segmentation.deeplabv3 import ASPP

        self.trunk = nn.Sequential(convolve(3, 16), convolve(16, 32, 2))
        self.pyramid = ASPP(32, [2, 4], 32)
        self.fuse, self.head = convolve(32, 32), nn.Conv2d(32, 3, 1)

    def forward(self, images: Tensor) -> Tensor:
        small = self.head(self.fuse(self.pyramid(self.trunk(images))))
        return functional.interpolate(small, images.shape[2:], mode="bilinear")


def deep_lab() -> Task:
    model = DeepLab()

    def loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(model(batch[0]).float(), batch[1])

    parts = {"first": "trunk.0.0", "middle": "pyramid", "head": "head", "trunk": "trunk"}
    return learn(model, loss, data.regions(), 12, parts=parts)


class RetinaNet(nn.Module):
    """Two levels that a pyramid joins, and towers that tell kinds and boxes."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.low = nn.Sequential(convolve(1, 16, 2), convolve(16, width, 2))
        self.high = convolve(width, 32, 2)
        self.lateral, self.top = nn.Conv2d(width, width, 1), nn.Conv2d(32, width, 1)
        self.smooth = nn.Conv2d(width, width, 3, padding=1)
        self.kinds = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, 2, 3, padding=1)
        )
        self.boxes = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, 4, 3, padding=1)
        )
        nn.init.constant_(self.kinds[2].bias, -2.0)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        low = self.low(images)
        above = functional.interpolate(self.top(self.high(low)), low.shape[2:])
        joined = self.smooth(self.lateral(low) + above)
        return self.kinds(joined), self.boxes(joined)


def focal_and_boxes(model: nn.Module, batch: Batch) -> Tensor:
    from torchvision.ops import sigmoid_focal_loss

    told, placed = model(batch[0])
    wanted = batch[1]
    held = wanted[:, :2].amax(1, keepdim=True)
    count = held.sum().clamp(min=1)
    kinds = sigmoid_focal_loss(told.float(), wanted[:, :2], reduction="sum") / count
    apart = functional.smooth_l1_loss(placed.float(), wanted[:, 2:], reduction="none")
    return kinds + (apart * held).sum() / count


def retina_net() -> Task:
    model = RetinaNet()
    parts = {"first": "low.0.0", "middle": "smooth", "head": "kinds.2 boxes.2", "trunk": "low"}
    parts |= {"neck": "lateral top smooth"}
    return learn(model, lambda batch: focal_and_boxes(model, batch), data.boxes(), 24, parts=parts)


class VoxelUnet(nn.Module):
    """3D U-Net of two levels."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Conv3d(1, 8, 3, padding=1), nn.BatchNorm3d(8), nn.ReLU())
        self.deep = nn.Sequential(
            nn.MaxPool3d(2), nn.Conv3d(8, 16, 3, padding=1), nn.BatchNorm3d(16), nn.ReLU()
        )
        self.up = nn.ConvTranspose3d(16, 8, 2, 2)
        self.join = nn.Sequential(nn.Conv3d(16, 8, 3, padding=1), nn.BatchNorm3d(8), nn.ReLU())
        self.head = nn.Conv3d(8, 1, 1)

    def forward(self, scans: Tensor) -> Tensor:
        wide = self.down(scans)
        out: Tensor = self.head(self.join(torch.cat([wide, self.up(self.deep(wide))], 1)))
        return out


def overlap_loss(chances: Tensor, masks: Tensor) -> Tensor:
    """1 less the Dice coefficient of each sample."""
    shared = (chances * masks).flatten(1).sum(1)
    both = chances.flatten(1).sum(1) + masks.flatten(1).sum(1)
    return (1 - (2 * shared + 1) / (both + 1)).mean()


def voxel_unet() -> Task:
    model = VoxelUnet()

    def loss(batch: Batch) -> Tensor:
        told = model(batch[0]).float()
        crossed = functional.binary_cross_entropy_with_logits(told, batch[1])
        return crossed + overlap_loss(told.sigmoid(), batch[1])

    parts = {"first": "down.0", "middle": "deep.1", "head": "head", "trunk": "down deep"}
    return learn(model, loss, data.volumes(), 4, parts=parts)


def colouriser() -> Task:
    """Two channels of colour for grey pictures, which a tanh bounds."""
    model = nn.Sequential(
        convolve(1, 24),
        convolve(24, 32, 2),
        convolve(32, 48, 2),
        nn.Upsample(scale_factor=2),
        convolve(48, 32),
        nn.Upsample(scale_factor=2),
        convolve(32, 24),
        nn.Conv2d(24, 2, 3, padding=1),
        nn.Tanh(),
    )
    parts = {"first": "0.0", "middle": "2", "head": "7", "trunk": "0 1 2"}
    return regress(model, data.tinted_pictures(), 24, **parts)


def landmark_net() -> Task:
    """Where eyes and mouth are, from -1 to 1."""
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, 2, 1),
        nn.ReLU(),
        nn.Conv2d(32, 32, 3, 1, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(1152, 64),
        nn.ReLU(),
        nn.Linear(64, 6),
    )
    parts = {"first": "0", "middle": "4", "head": "9", "trunk": "0 2"}
    return regress(model, data.landmarks(), **parts)


def to_style(content: Tensor, style: Tensor) -> Tensor:
    """Content with each channel's mean and spread of the style (AdaIN)."""
    spread = style.std((2, 3), keepdim=True)
    normal = (content - content.mean((2, 3), keepdim=True)) / (
        content.std((2, 3), keepdim=True) + 1e-5
    )
    return normal * spread + style.mean((2, 3), keepdim=True)


def ada_in() -> Task:
    """A decoder learns to repaint in any style; the encoder never learns, on purpose."""
    encoder = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU()
    ).requires_grad_(False)
    for layer in (encoder[0], encoder[2]):
        nn.init.kaiming_normal_(layer.weight)
    decoder = nn.Sequential(
        nn.Conv2d(32, 32, 3, padding=1),
        nn.ReLU(),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(32, 24, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(24, 3, 3, padding=1),
    )
    models = {"encoder": encoder, "decoder": decoder}

    def loss(batch: Batch) -> Tensor:
        style = encoder(batch[1])
        wanted = to_style(encoder(batch[0]), style)
        made = encoder(decoder(wanted)).float()
        means = functional.mse_loss(made.mean((2, 3)), style.mean((2, 3)))
        spreads = functional.mse_loss(made.std((2, 3)), style.std((2, 3)))
        return functional.mse_loss(made, wanted) + means + spreads

    draw, sample = draw_samples(data.looks(), 24)
    parts = {"first": "decoder.0", "middle": "decoder.3", "head": "decoder.5"}
    return Task(models, [Phase((decoder,), loss)], draw, parts, sample=sample)


def wgan_clipped() -> Task:
    """Wasserstein's GAN as it was first: the critic's weights are clipped after each step."""
    generator = nn.Sequential(
        nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.Tanh()
    )
    critic = nn.Sequential(
        nn.Linear(64, 96), nn.LeakyReLU(0.2), nn.Linear(96, 48), nn.LeakyReLU(0.2), nn.Linear(48, 1)
    )
    images = pictures(8)[0].flatten(1).clamp(-1, 1)
    draw, sample = draw_samples((images,), 48)

    def judged(batch: Batch) -> Tensor:
        with torch.no_grad():
            made = generator(torch.randn(len(batch[0]), 16))
        told: Tensor = critic(made).float().mean() - critic(batch[0]).float().mean()
        return told

    def made_well(batch: Batch) -> Tensor:
        for own in critic.parameters():
            own.data.clamp_(-0.05, 0.05)
        told: Tensor = -critic(generator(torch.randn(len(batch[0]), 16))).float().mean()
        return told

    models: dict[str, Any] = {"generator": generator, "critic": critic}
    phases = [Phase((critic,), judged), Phase((generator,), made_well)]
    parts = {"first": "critic.0", "middle": "critic.2", "head": "critic.4", "trunk": "generator"}
    return Task(models, phases, draw, parts, sample=sample)
