"""Networks for pictures, spectrograms and point clouds."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.findings.fresh.data import clouds, tones
from bench.findings.wide.data import pictures
from bench.findings.wide.training import Batch, Phase, Task, classify, draw_samples, learn


class DenseLayer(nn.Module):
    """Norm, ReLU, convolution; its output is put beside its input."""

    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.norm, self.relu = nn.BatchNorm2d(inputs), nn.ReLU()
        self.conv = nn.Conv2d(inputs, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.conv(self.relu(self.norm(x)))], 1)


def densenet() -> Task:
    layers: list[nn.Module] = [nn.Conv2d(1, 12, 3, padding=1, bias=False)]
    layers += [DenseLayer(12 + 8 * place, 8) for place in range(4)]
    layers += [nn.Conv2d(44, 22, 1), nn.AvgPool2d(2)]
    layers += [DenseLayer(22 + 8 * place, 8) for place in range(3)]
    layers += [nn.BatchNorm2d(46), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    layers.append(nn.Linear(46, 10))
    model = nn.Sequential(*layers)
    parts = {"embedding": "0", "middle": "5", "head": "14", "trunk": "0 1 2 3 4 5"}
    return classify(model, pictures(8), 32, **parts)


def swin() -> Task:
    from timm.models.swin_transformer import SwinTransformer

    model = SwinTransformer(
        img_size=16,
        patch_size=2,
        in_chans=1,
        num_classes=10,
        embed_dim=24,
        depths=(2, 2),
        num_heads=(2, 4),
        window_size=4,
    )
    parts = {"embedding": "patch_embed", "middle": "layers.1.blocks.0", "head": "head"}
    return classify(model, pictures(16), 32, **parts, trunk="patch_embed layers.0")


def gmlp() -> Task:
    from timm.layers import GatedMlp
    from timm.models.mlp_mixer import MlpMixer, SpatialGatingBlock

    model = MlpMixer(
        num_classes=10,
        img_size=16,
        in_chans=1,
        patch_size=4,
        num_blocks=4,
        embed_dim=32,
        mlp_ratio=4,
        block_layer=SpatialGatingBlock,
        mlp_layer=GatedMlp,
    )
    parts = {"embedding": "stem", "middle": "blocks.2", "head": "head"}
    return classify(model, pictures(16), 32, **parts, trunk="stem blocks.0 blocks.1")


def lenet() -> Task:
    """As in 1998: tanh, mean pooling, two layers behind."""
    model = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 3),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(64, 48),
        nn.Tanh(),
        nn.Linear(48, 10),
    )
    return classify(model, pictures(12), 24, embedding="0", middle="3", head="9", trunk="0 3")


class ConvRecurrent(nn.Module):
    """Convolutions over a spectrogram, a GRU over its time, the mean of its states."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1),
            nn.BatchNorm2d(12),
            nn.ELU(),
            nn.MaxPool2d((4, 2)),
            nn.Conv2d(12, 24, 3, padding=1),
            nn.BatchNorm2d(24),
            nn.ELU(),
            nn.MaxPool2d((4, 1)),
        )
        self.rnn = nn.GRU(48, 32, batch_first=True)
        self.head = nn.Linear(32, 6)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.rnn(self.conv(x).flatten(1, 2).mT)
        return self.head(states.mean(1))


def crnn() -> Task:
    parts = {"embedding": "conv.0", "middle": "conv.4", "head": "head", "trunk": "conv"}
    return classify(ConvRecurrent(), tones(), 32, **parts)


class PointNet(nn.Module):
    """The same layers for each point, the largest of each channel, a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.points = nn.Sequential(
            nn.Conv1d(3, 32, 1),
            nn.BatchNorm1d(32),
            nn.ReLU(),
            nn.Conv1d(32, 64, 1),
            nn.BatchNorm1d(64),
            nn.ReLU(),
            nn.Conv1d(64, 96, 1),
        )
        self.pool = nn.AdaptiveMaxPool1d(1)
        self.head = nn.Sequential(nn.Linear(96, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 4))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.pool(self.points(x.mT)).squeeze(2))


def pointnet() -> Task:
    parts = {"embedding": "points.0", "middle": "points.3", "head": "head.3", "drop": "head.2"}
    return classify(PointNet(), clouds(), 32, **parts, trunk="points")


def byol() -> Task:
    """Two views; a predictor guesses what a slowly following copy makes of the other."""

    def make_encoder() -> nn.Sequential:
        return nn.Sequential(
            nn.Flatten(),
            nn.Linear(144, 96),
            nn.BatchNorm1d(96),
            nn.ReLU(),
            nn.Linear(96, 48),
            nn.BatchNorm1d(48),
            nn.ReLU(),
            nn.Linear(48, 24),
        )

    online, target = make_encoder(), make_encoder()
    predictor = nn.Sequential(nn.Linear(24, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Linear(48, 24))
    target.load_state_dict(online.state_dict())
    target.requires_grad_(False)

    def view(x: Tensor) -> Tensor:
        moved = x.roll(int(torch.randint(-1, 2, ())), 3)
        return moved + 0.3 * torch.randn_like(x)

    def loss(batch: Batch) -> Tensor:
        one, two = view(batch[0]), view(batch[0])
        total = torch.zeros(())
        for own, other in ((one, two), (two, one)):
            with torch.no_grad():
                goal = target(other)
            total = total - nn.functional.cosine_similarity(predictor(online(own)), goal).mean()
        return total

    def follow(_: int) -> None:
        with torch.no_grad():
            for own, new in zip(target.parameters(), online.parameters(), strict=True):
                own.lerp_(new, 0.03)

    draw, sample = draw_samples(pictures(12)[:1], 64)
    models = {"online": online, "predictor": predictor, "target": target}
    parts = {"embedding": "online.1", "middle": "online.4", "head": "predictor.3"}
    phases = [Phase((online, predictor), loss)]
    return Task(models, phases, draw, parts, sample=sample, after_step=follow)


class Student(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 10, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(10, 20, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
        )
        self.head = nn.Linear(180, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x))


def distilled() -> Task:
    """A student learns from a teacher that was trained before and stays as it is."""
    teacher = nn.Sequential(nn.Flatten(), nn.Linear(144, 128), nn.ReLU(), nn.Linear(128, 10))
    images, labels = pictures(12)
    optimizer = torch.optim.Adam(teacher.parameters(), 3e-3)
    for _ in range(40):
        optimizer.zero_grad()
        nn.functional.cross_entropy(teacher(images), labels).backward()
        optimizer.step()
    teacher.requires_grad_(False)
    student = Student()

    def loss(batch: Batch) -> Tensor:
        soft = (teacher(batch[0]) / 2).softmax(1)
        own = student(batch[0])
        hard = nn.functional.cross_entropy(own, batch[1])
        return 0.5 * hard + 2 * nn.functional.cross_entropy(own / 2, soft)

    draw, sample = draw_samples((images, labels), 32)
    models = {"student": student, "teacher": teacher}
    parts = {"embedding": "student.body.0", "middle": "student.body.2", "head": "student.head"}
    return Task(models, [Phase((student,), loss)], draw, parts, labels, sample)


def vector_quantised() -> Task:
    """An autoencoder with a codebook; the gradient is passed straight through."""
    model = VectorQuantised()

    def loss(batch: Batch) -> Tensor:
        guess, commitment = model(batch[0])
        return nn.functional.mse_loss(guess, batch[0]) + commitment

    parts = {"embedding": "encoder.0", "middle": "encoder.2", "head": "decoder.2", "code": "codes"}
    return learn(model, loss, pictures(8)[:1], 32, parts=parts)


class VectorQuantised(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 24, 4, stride=2, padding=1), nn.LeakyReLU(0.2), nn.Conv2d(24, 8, 1)
        )
        self.codes = nn.Embedding(32, 8)
        self.decoder = nn.Sequential(
            nn.Conv2d(8, 24, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.ConvTranspose2d(24, 1, 4, stride=2, padding=1),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        own = self.encoder(x).permute(0, 2, 3, 1)
        nearest = torch.cdist(own.reshape(-1, 8), self.codes.weight).argmin(1)
        chosen = self.codes(nearest).view_as(own)
        pull = nn.functional.mse_loss(chosen, own.detach())
        push = 0.25 * nn.functional.mse_loss(own, chosen.detach())
        through = own + (chosen - own).detach()
        return self.decoder(through.permute(0, 3, 1, 2)), pull + push
