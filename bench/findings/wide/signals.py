"""Networks for waves and coordinates, towers that are held against each other, adapters."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.findings.models import Transformer
from bench.findings.wide.data import pictures, waves
from bench.findings.wide.training import Batch, Task, classify, draw_samples, learn, regress

LEVELS = 32


class GatedConv(nn.Module):
    """A causal dilated convolution: tanh times sigmoid, to the next layer and to the output."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.pad = nn.ConstantPad1d((dilation, 0), 0.0)
        self.filter = nn.Conv1d(width, width, 2, dilation=dilation)
        self.gate = nn.Conv1d(width, width, 2, dilation=dilation)
        self.tanh, self.sigmoid = nn.Tanh(), nn.Sigmoid()
        self.out = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        padded = self.pad(x)
        own = self.out(self.tanh(self.filter(padded)) * self.sigmoid(self.gate(padded)))
        return x + own, own


class WaveNet(nn.Module):
    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.embed = nn.Embedding(LEVELS, width)
        self.layers = nn.ModuleList(GatedConv(width, 2**i) for i in range(5))
        self.act, self.head = nn.ReLU(), nn.Conv1d(width, LEVELS, 1)

    def forward(self, levels: Tensor) -> Tensor:
        x = self.embed(levels).mT
        total = torch.zeros_like(x)
        for layer in self.layers:
            x, own = layer(x)
            total = total + own
        return self.head(self.act(total))


def wavenet() -> Task:
    parts = {
        "embedding": "embed",
        "middle": "layers.2",
        "head": "head",
        "gate": "layers.2.gate",
        "open": "layers.2.sigmoid",
    }
    return _wave_task(WaveNet(), parts)


class Tcn(nn.Module):
    """Dilated convolutions with weight norm, ReLU and dropout in residual blocks."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.embed = nn.Embedding(LEVELS, width)
        self.pads = nn.ModuleList(nn.ConstantPad1d((2 * 2**i, 0), 0.0) for i in range(4))
        self.convs = nn.ModuleList(
            nn.utils.parametrizations.weight_norm(nn.Conv1d(width, width, 3, dilation=2**i))
            for i in range(4)
        )
        self.acts = nn.ModuleList(nn.ReLU() for _ in range(4))
        self.drop, self.head = nn.Dropout(0.1), nn.Conv1d(width, LEVELS, 1)

    def forward(self, levels: Tensor) -> Tensor:
        x = self.embed(levels).mT
        for pad, conv, act in zip(self.pads, self.convs, self.acts, strict=True):
            x = x + self.drop(act(conv(pad(x))))
        return self.head(x)


def tcn() -> Task:
    parts = {"embedding": "embed", "middle": "convs.2", "head": "head", "drop": "drop"}
    return _wave_task(Tcn(), parts)


def _wave_task(model: nn.Module, parts: dict[str, str]) -> Task:
    def loss(batch: Batch) -> Tensor:
        return nn.functional.cross_entropy(model(batch[0][:, :-1]).float(), batch[0][:, 1:])

    return learn(model, loss, (waves(),), 16, parts=parts)


class Sine(nn.Module):
    def __init__(self, inputs: int, outputs: int, first: bool) -> None:
        super().__init__()
        self.lin = nn.Linear(inputs, outputs)
        bound = 1 / inputs if first else (6 / inputs) ** 0.5 / 20
        nn.init.uniform_(self.lin.weight, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(20 * self.lin(x))


def siren() -> Task:
    """One picture from its coordinates, the whole of it at every step."""
    model = nn.Sequential(
        Sine(2, 48, True), Sine(48, 48, False), Sine(48, 48, False), nn.Linear(48, 1)
    )
    return _coordinate_task(model, {"middle": "1", "head": "3"})


class Waves(nn.Module):
    """Coordinates as fixed random sines and cosines."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("axes", torch.randn(2, 24) * 4)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([(x @ self.axes).sin(), (x @ self.axes).cos()], -1)


def coordinate_net() -> Task:
    """Fourier features and ReLU, as NeRF has them."""
    model = nn.Sequential(
        Waves(),
        nn.Linear(48, 64),
        nn.ReLU(),
        nn.Linear(64, 64),
        nn.ReLU(),
        nn.Linear(64, 1),
        nn.Sigmoid(),
    )
    return _coordinate_task(model, {"embedding": "1", "middle": "3", "head": "5", "relu": "4"})


def _coordinate_task(model: nn.Module, parts: dict[str, str]) -> Task:
    images, _ = pictures(16)
    axis = torch.linspace(-1, 1, 16)
    places = torch.stack(torch.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    values = ((images[0] * 6 + 4.9) / 16).reshape(-1, 1)
    task = regress(model, (places, values), 256, **parts)
    task.draw = lambda _: (places, values)
    return task


def encoder(width: int = 24) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 12, 3, 2, 1), nn.BatchNorm2d(12), nn.ReLU(),
        nn.Conv2d(12, 24, 3, 2, 1), nn.BatchNorm2d(24), nn.ReLU(), nn.Flatten(),
        nn.Linear(24 * 16, 48), nn.ReLU(), nn.Linear(48, width),
    )  # fmt: skip


class Siamese(nn.Module):
    """Encoder and projection; two noisy views of a picture should agree."""

    def __init__(self) -> None:
        super().__init__()
        self.enc = encoder(32)
        self.proj = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 16))

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.normalize(self.proj(self.enc(x)), dim=-1)


def contrastive() -> Task:
    model, (images, _) = Siamese(), pictures()
    noise = torch.Generator().manual_seed(1)

    def loss(batch: Batch) -> Tensor:
        views = [batch[0] + 0.3 * torch.randn(batch[0].shape, generator=noise) for _ in range(2)]
        one, other = (model(view).float() for view in views)
        return nn.functional.cross_entropy(one @ other.mT / 0.2, torch.arange(len(one)))

    parts = {
        "tower": "enc",
        "embedding": "enc.0",
        "middle": "enc.3",
        "head": "proj",
        "branch": "enc",
    }
    return learn(model, loss, (images,), 48, parts=parts)


class Clip(nn.Module):
    """Pictures and the words for their digits: two towers and a learned temperature."""

    def __init__(self) -> None:
        super().__init__()
        self.image = encoder(24)
        self.words = nn.Embedding(40, 32)
        self.text = nn.Sequential(nn.Linear(32, 48), nn.GELU(), nn.Linear(48, 24))
        self.scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, images: Tensor, words: Tensor) -> Tensor:
        text = self.text(self.words(words).mean(1))
        pair = [nn.functional.normalize(each, dim=-1) for each in (self.image(images), text)]
        return self.scale.exp() * pair[0] @ pair[1].mT


def clip() -> Task:
    model, (images, labels) = Clip(), pictures()
    random = torch.Generator().manual_seed(2)
    words = labels[:, None] * 4 + torch.randint(0, 4, (len(labels), 3), generator=random)

    def loss(batch: Batch) -> Tensor:
        logits, truth = model(batch[0], batch[1]).float(), torch.arange(len(batch[0]))
        both = nn.functional.cross_entropy(logits, truth) + nn.functional.cross_entropy(
            logits.T, truth
        )
        return both / 2

    parts = {
        "tower": "text",
        "embedding": "words",
        "middle": "image.3",
        "head": "image.9",
        "branch": "image",
    }
    return learn(model, loss, (images, words), 24, parts=parts)


class Hopfield(nn.Module):
    """Retrieval of stored patterns by attention, as modern Hopfield layers do."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.norm = nn.Linear(64, 24), nn.LayerNorm(24)
        self.keys = nn.Parameter(torch.randn(40, 24))
        self.values = nn.Parameter(torch.randn(40, 32) * 0.3)
        self.softmax, self.head = nn.Softmax(-1), nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        found = self.softmax(self.norm(self.query(x.flatten(1))) @ self.keys.T / 24**0.5)
        return self.head(found @ self.values)


def hopfield() -> Task:
    return classify(
        Hopfield(), pictures(8), embedding="query", head="head", scores="norm", softmax="softmax"
    )


class Adapted(nn.Module):
    """LoRA: a frozen layer beside the product of two thin ones, of which the second starts at 0."""

    def __init__(self, base: nn.Linear, rank: int = 4) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        self.A = nn.Linear(base.in_features, rank, bias=False)
        self.B = nn.Linear(rank, base.out_features, bias=False)
        nn.init.zeros_(self.B.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.B(self.A(x))


def lora() -> Task:
    """A transformer that has learnt the digits 0 to 4, with adapters and a head for the rest."""
    model, (images, labels) = Transformer(4, 16, 10), pictures()
    pretrain(model, images[labels < 5], labels[labels < 5])
    model.requires_grad_(False)
    for block in model.blocks:
        block.attention.qkv = Adapted(block.attention.qkv)
        block.up = Adapted(block.up)
    model.head = nn.Linear(32, 10)
    rest = labels >= 5
    parts = {"adapters": "blocks", "head": "head", "middle": "blocks.1.up", "trunk": "embed"}
    return classify(model, (images[rest], labels[rest]), **parts)


def probe() -> Task:
    """A linear layer on a frozen convolutional net that has learnt the digits 0 to 4."""
    trunk, (images, labels) = encoder(32), pictures()
    model = nn.Sequential(trunk, nn.ReLU(), nn.Linear(32, 10))
    pretrain(model, images[labels < 5], labels[labels < 5])
    trunk.requires_grad_(False)
    rest = labels >= 5
    return classify(model, (images[rest], labels[rest]), head="2", trunk="0", embedding="0.0")


def pretrain(model: nn.Module, inputs: Tensor, targets: Tensor, steps: int = 80) -> None:
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    draw, _ = draw_samples((inputs, targets))
    for step in range(steps):
        batch = draw(step)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(batch[0]), batch[1]).backward()
        optimizer.step()
