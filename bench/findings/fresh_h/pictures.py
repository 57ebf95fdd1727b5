"""Networks that classify pictures, or learn codes of them with their labels."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.wide.data import pictures
from bench.findings.wide.training import Batch, Task, classify, draw_samples, learn


class WideBlock(nn.Module):
    """Norm, ReLU and convolution twice, with dropout between, beside a shortcut."""

    def __init__(self, given: int, width: int, stride: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(given), nn.Conv2d(given, width, 3, stride, 1)
        self.norm2, self.conv2 = nn.BatchNorm2d(width), nn.Conv2d(width, width, 3, 1, 1)
        self.drop, self.act = nn.Dropout(0.1), nn.ReLU()
        self.shortcut = nn.Conv2d(given, width, 1, stride)

    def forward(self, images: Tensor) -> Tensor:
        acted = self.act(self.norm1(images))
        out = self.conv2(self.drop(self.act(self.norm2(self.conv1(acted)))))
        summed: Tensor = out + self.shortcut(acted)
        return summed


def wide_resnet() -> Task:
    """A WideResNet of few layers."""
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        WideBlock(16, 32, 1),
        WideBlock(32, 48, 2),
        WideBlock(48, 64, 2),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, 10),
    )
    parts = {"first": "0", "middle": "2", "head": "8", "trunk": "0 1 2"}
    return classify(model, pictures(), 24, **parts)


def mnas_net() -> Task:
    """MNASNet of torchvision, with a stem of one channel that keeps the size."""
    from torchvision.models import MNASNet

    model: Any = MNASNet(0.2, num_classes=10, dropout=0.1)
    model.layers[0] = nn.Conv2d(1, model.layers[0].out_channels, 3, 1, 1, bias=False)
    # Without the last two stages, which would see single pixels.
    model.layers[12], model.layers[13] = nn.Identity(), nn.Identity()
    model.layers[14] = nn.Conv2d(model.layers[11][0].layers[6].out_channels, 1280, 1, bias=False)
    model.classifier[1] = nn.Linear(1280, 10)
    parts = {"first": "layers.0", "middle": "layers.9", "head": "classifier.1"}
    return classify(model, pictures(), 24, **parts | {"trunk": "layers.0 layers.3 layers.8"})


def convolutional_teacher() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 24, 3, 2, 1),
        nn.BatchNorm2d(24),
        nn.ReLU(),
        nn.Conv2d(24, 48, 3, 2, 1),
        nn.BatchNorm2d(48),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Flatten(),
        nn.Linear(768, 10),
    )


@cache
def teachers_weights() -> dict[str, Tensor]:
    """What the teacher has learnt before."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        teacher = convolutional_teacher()
        draw, _ = draw_samples(pictures(), 48)
        optimizer = torch.optim.Adam(teacher.parameters(), 3e-3)
        for step in range(100):
            images, kinds = draw(step)
            optimizer.zero_grad()
            functional.cross_entropy(teacher(images), kinds).backward()
            optimizer.step()
    return teacher.state_dict()


def distil(model: Any, teacher: nn.Module, batch: Batch) -> Tensor:
    """One token learns the labels, the other what a teacher says."""
    own, distilled = model(batch[0])
    with torch.no_grad():
        taught = teacher(batch[0]).log_softmax(1)
    soft = functional.kl_div(
        distilled.float().log_softmax(1), taught, reduction="batchmean", log_target=True
    )
    return (functional.cross_entropy(own.float(), batch[1]) + soft) / 2


def deit() -> Task:
    """DeiT of timm, which learns from a convolutional teacher that does not learn any more."""
    from timm.models.deit import VisionTransformerDistilled

    model: Any = VisionTransformerDistilled(
        img_size=16,
        patch_size=4,
        in_chans=1,
        num_classes=10,
        embed_dim=48,
        depth=4,
        num_heads=4,
        mlp_ratio=2.0,
    )
    model.set_distilled_training(True)
    teacher = convolutional_teacher()
    teacher.load_state_dict(teachers_weights())
    teacher.eval()
    model.__dict__["teacher"] = teacher
    parts = {"first": "patch_embed.proj", "middle": "blocks.2", "trunk": "blocks"}
    parts["head"] = "head head_dist"
    return learn(model, lambda batch: distil(model, teacher, batch), pictures(), parts=parts)


def vov_net() -> Task:
    """VoVNet of timm: each stage joins all that its layers made."""
    from timm.models.vovnet import VovNet

    cfg = {
        "stem_chs": [16, 16, 24],
        "stage_conv_chs": [16, 24, 24, 32],
        "stage_out_chs": [32, 48, 48, 64],
        "layer_per_block": 2,
        "block_per_stage": [1, 1, 1, 1],
        "residual": False,
        "depthwise": False,
        "attn": "",
    }
    model = VovNet(cfg, in_chans=1, num_classes=10)
    parts = {
        "first": "stem.0.conv",
        "middle": "stages.1",
        "head": "head.fc",
        "trunk": "stem stages",
    }
    return classify(model, pictures(32), 24, **parts)


def star_net() -> Task:
    """StarNet of timm: branches are multiplied."""
    from timm.models.starnet import StarNet

    model = StarNet(base_dim=16, depths=[1, 1], mlp_ratio=2, num_classes=10, in_chans=1)
    parts = {"first": "stem.0", "middle": "stages.0", "head": "head", "trunk": "stem stages"}
    return classify(model, pictures(), **parts)


def alex_net() -> Task:
    """AlexNet for small pictures: no norms, and dropout before two of the last layers."""
    model = nn.Sequential(
        nn.Conv2d(1, 24, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(24, 48, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(48, 48, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(768, 96),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(96, 10),
    )
    parts = {"first": "0", "middle": "6", "head": "13", "trunk": "0 3 6", "drops": "9 12"}
    return classify(model, pictures(), 48, **parts)


def fastai_vision() -> Task:
    """A small body with the head that fastai puts on each: two kinds of pooling, norms, dropout."""
    from fastai.vision.learner import create_head

    body = nn.Sequential(
        *(nn.Conv2d(1, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 32, 3, 2, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU()),
        *(nn.Conv2d(32, 48, 3, 2, 1, bias=False), nn.BatchNorm2d(48), nn.ReLU()),
    )
    model = nn.Sequential(body, create_head(48, 10, lin_ftrs=[64]))
    parts = {"first": "0.0", "middle": "0.6", "head": "1.8", "trunk": "0", "drops": "1.3 1.7"}
    return classify(model, pictures(), 48, **parts)


def nll_cnn() -> Task:
    """PyTorch's example for MNIST: a log_softmax at the end, and nll_loss."""
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.25),
        nn.Flatten(),
        nn.Linear(1152, 64),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(64, 10),
        nn.LogSoftmax(1),
    )

    def loss(batch: Batch) -> Tensor:
        return functional.nll_loss(model(batch[0]).float(), batch[1])

    parts = {"first": "0", "middle": "7", "head": "10", "trunk": "0 2"}
    return learn(model, loss, pictures(), 48, parts=parts, classes=pictures()[1])


def sup_con_loss(codes: Tensor, kinds: Tensor, temperature: float = 0.2) -> Tensor:
    """Samples of one kind attract each other, and all others push away (SupCon)."""
    itself = torch.eye(len(codes), dtype=torch.bool)
    scores = (codes @ codes.T / temperature).masked_fill(itself, -1e9)
    same = (kinds[:, None] == kinds) & ~itself
    chances = scores.log_softmax(1)
    each = (chances * same).sum(1) / same.sum(1).clamp(min=1)
    return -each[same.any(1)].mean()


def sup_con() -> Task:
    """Codes on a sphere by the labels of the digits."""
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, 2, 1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(512, 64),
        nn.ReLU(),
        nn.Linear(64, 24),
    )

    def loss(batch: Batch) -> Tensor:
        return sup_con_loss(functional.normalize(model(batch[0]).float()), batch[1])

    parts = {"first": "0", "middle": "7", "head": "9", "trunk": "0 3"}
    return learn(model, loss, pictures(), 48, parts=parts, classes=pictures()[1])
