"""Networks that classify pictures, the way tutorials and model zoos have them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_c import data
from bench.findings.wide.data import pictures
from bench.findings.wide.training import (
    Recipe,
    Task,
    Training,
    classify,
    make_optimizers,
)


def tutorial_cnn() -> Task:
    """Convolution, pooling and dropout, flattened: the first network of most courses."""
    model = nn.Sequential()
    for name, layer in (
        ("conv1", nn.Conv2d(3, 16, 3)),
        ("relu1", nn.ReLU()),
        ("pool1", nn.MaxPool2d(2)),
        ("drop1", nn.Dropout(0.25)),
        ("conv2", nn.Conv2d(16, 32, 3)),
        ("relu2", nn.ReLU()),
        ("pool2", nn.MaxPool2d(2)),
        ("drop2", nn.Dropout(0.25)),
        ("flatten", nn.Flatten()),
        ("fc1", nn.Linear(128, 64)),
        ("relu3", nn.ReLU()),
        ("drop3", nn.Dropout(0.5)),
        ("fc2", nn.Linear(64, 6)),
    ):
        model.add_module(name, layer)
    return classify(
        model, data.textures(), first="conv1", middle="conv2", head="fc2", dropout="drop3"
    )


class Vgg(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for width in (16, 16, 0, 32, 32, 0, 64, 0):
            if width:
                layers += [nn.Conv2d(before, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
                before = width
            else:
                layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Linear(256, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 6)
        )

    def forward(self, given: Tensor) -> Tensor:
        return self.classifier(self.features(given).flatten(1))


def vgg() -> Task:
    parts = {"first": "features.0", "head": "classifier.3", "trunk": "features"}
    return classify(Vgg(), data.textures(), 24, dropout="classifier.2", **parts)


class Fire(nn.Module):
    def __init__(self, given: int, squeezed: int, each: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(given, squeezed, 1)
        self.expand1 = nn.Conv2d(squeezed, each, 1)
        self.expand3 = nn.Conv2d(squeezed, each, 3, padding=1)
        self.act = nn.ReLU()

    def forward(self, given: Tensor) -> Tensor:
        small = self.act(self.squeeze(given))
        return torch.cat([self.act(self.expand1(small)), self.act(self.expand3(small))], 1)


class SqueezeNet(nn.Module):
    """As published: the class maps go through a ReLU before their mean."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 24, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.fires = nn.Sequential(
            Fire(24, 8, 16), Fire(32, 8, 24), nn.MaxPool2d(2), Fire(48, 12, 32)
        )
        self.classifier = nn.Sequential(
            nn.Dropout(0.5), nn.Conv2d(64, 6, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1)
        )
        nn.init.normal_(self.classifier[1].weight, std=0.05)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d) and layer is not self.classifier[1]:
                nn.init.kaiming_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)

    def forward(self, given: Tensor) -> Tensor:
        return self.classifier(self.fires(self.stem(given))).flatten(1)


def squeezenet() -> Task:
    parts = {"first": "stem.0", "middle": "fires.1", "head": "classifier.1"}
    return classify(SqueezeNet(), data.textures(), 24, **parts)


class PreactBlock(nn.Module):
    """Pre-activation; its last convolution starts at 0."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(width), nn.Conv2d(width, width, 3, padding=1)
        self.norm2, self.conv2 = nn.BatchNorm2d(width), nn.Conv2d(width, width, 3, padding=1)
        self.act = nn.ReLU()
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)

    def forward(self, given: Tensor) -> Tensor:
        inner = self.conv1(self.act(self.norm1(given)))
        return given + self.conv2(self.act(self.norm2(inner)))


class PreactResNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 20, 3, stride=2, padding=1)
        self.blocks = nn.Sequential(*(PreactBlock(20) for _ in range(4)))
        self.norm, self.head = nn.BatchNorm2d(20), nn.Linear(20, 6)
        nn.init.zeros_(self.head.weight)

    def forward(self, given: Tensor) -> Tensor:
        return self.head(functional.relu(self.norm(self.blocks(self.stem(given)))).mean((2, 3)))


def preact_resnet() -> Task:
    parts = {"first": "stem", "middle": "blocks.2", "head": "head", "trunk": "stem blocks norm"}
    return classify(PreactResNet(), data.textures(), 24, **parts)


class Transfer(nn.Module):
    """A trunk that was trained on other classes, frozen, and a new head."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Vgg().features
        self.fc = nn.Linear(256, 6)

    def forward(self, given: Tensor) -> Tensor:
        return self.fc(self.backbone(given).flatten(1))


def transfer() -> Task:
    model = Transfer()
    images, kinds = data.textures()
    state = torch.get_rng_state()
    before = Training(classify(model, (images[:500], kinds[:500] % 3)), Recipe("adam", 2e-3, 50))
    before.optimizers = make_optimizers(before)
    for step in range(50):
        before.step(step)
    torch.set_rng_state(state)
    model.fc = nn.Linear(256, 6)
    model.backbone.requires_grad_(False)
    parts = {"trunk": "backbone", "head": "fc"}
    return classify(model, (images[500:], kinds[500:]), **parts)


class SpatialTransformer(nn.Module):
    """PyTorch's tutorial: what turns the picture starts at the identity, with zero weights."""

    def __init__(self) -> None:
        super().__init__()
        self.localise = nn.Sequential(
            nn.Conv2d(1, 8, 5),
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(288, 32),
            nn.ReLU(),
        )
        self.turn = nn.Linear(32, 6)
        self.conv1, self.conv2 = nn.Conv2d(1, 10, 5), nn.Conv2d(10, 20, 3)
        self.drop = nn.Dropout2d()
        self.fc1, self.fc2 = nn.Linear(80, 50), nn.Linear(50, 10)
        nn.init.zeros_(self.turn.weight)
        self.turn.bias.data.copy_(torch.tensor([1.0, 0, 0, 0, 1, 0]))

    def forward(self, given: Tensor) -> Tensor:
        turns = self.turn(self.localise(given)).view(-1, 2, 3)
        grid = functional.affine_grid(turns, list(given.shape), align_corners=False)
        turned = functional.grid_sample(given, grid, align_corners=False)
        first = functional.relu(functional.max_pool2d(self.conv1(turned), 2))
        second = functional.relu(functional.max_pool2d(self.drop(self.conv2(first)), 2))
        return self.fc2(
            functional.dropout(functional.relu(self.fc1(second.flatten(1))), 0.5, self.training)
        )


def spatial_transformer() -> Task:
    parts = {"first": "conv1", "middle": "conv2", "head": "fc2", "branch": "localise turn"}
    return classify(SpatialTransformer(), pictures(16), **parts)


class CnnLstm(nn.Module):
    """A convolutional net for each picture of a film and an LSTM over them."""

    def __init__(self) -> None:
        super().__init__()
        self.cnn = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2),
            nn.ReLU(),
        )
        self.lstm = nn.LSTM(64, 32, batch_first=True)
        self.fc = nn.Linear(32, 4)

    def forward(self, films: Tensor) -> Tensor:
        each = self.cnn(films.flatten(0, 1)).flatten(1)
        return self.fc(self.lstm(each.view(*films.shape[:2], -1))[0][:, -1])


def cnn_lstm() -> Task:
    parts = {"first": "cnn.0", "trunk": "cnn", "middle": "lstm", "head": "fc"}
    return classify(CnnLstm(), data.clips(), **parts)
