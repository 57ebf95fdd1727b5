"""Networks that find, count, read, move or repaint what is in pictures."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_g import data
from bench.findings.wide.training import Batch, Phase, Task, draw_samples, learn, regress


def _convolved(given: int, width: int, stride: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(given, width, 3, stride, 1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(width), nn.ReLU())


class Hourglass(nn.Module):
    """Down and up again, with what was there before added."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.beside, self.down = _convolved(width, width), _convolved(width, width, 2)
        self.inner = Hourglass(width, depth - 1) if depth > 1 else _convolved(width, width)
        self.up = nn.Upsample(scale_factor=2)

    def forward(self, given: Tensor) -> Tensor:
        out: Tensor = self.beside(given) + self.up(self.inner(self.down(given)))
        return out


def hourglass() -> Task:
    """Key points as maps, by the squared error."""
    model = nn.Sequential(_convolved(1, 16), Hourglass(16, 3), nn.Conv2d(16, 2, 1))
    parts = {"first": "0.0", "middle": "1.inner", "head": "2", "trunk": "0 1"}
    return regress(model, data.key_points(), 16, **parts)


class Fcos(nn.Module):
    """Fully convolutional detection: at each cell a kind, the sides of a box, how central it is."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(_convolved(1, 16, 2), _convolved(16, 32, 2), _convolved(32, 32))
        self.kinds = nn.Sequential(_convolved(32, 32), nn.Conv2d(32, 2, 1))
        self.sides = nn.Sequential(_convolved(32, 32), nn.Conv2d(32, 5, 1))
        nn.init.constant_(self.kinds[1].bias, -2.0)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.body(images)
        return self.kinds(hidden), self.sides(hidden)


def overlap(told: Tensor, wanted: Tensor) -> Tensor:
    """Shared area over joint area of two boxes by their sides (N, 4)."""
    low = torch.minimum(told, wanted)
    shared = (low[:, 0] + low[:, 2]) * (low[:, 1] + low[:, 3])
    areas = [(own[:, 0] + own[:, 2]) * (own[:, 1] + own[:, 3]) for own in (told, wanted)]
    return shared / (areas[0] + areas[1] - shared)


def fcos_loss(told: tuple[Tensor, Tensor], wanted: Tensor) -> Tensor:
    kinds = torch.stack([wanted[:, 0] == 1, wanted[:, 0] == 2], 1).float()
    each = functional.binary_cross_entropy_with_logits(told[0].float(), kinds, reduction="none")
    wrong = (kinds - told[0].float().sigmoid()).abs()
    there = wanted[:, 0] > 0
    focal = (0.5 * wrong.square() * each).sum() / there.sum().clamp(min=1)
    sides = told[1].float().permute(0, 2, 3, 1)[there]
    goals = wanted.permute(0, 2, 3, 1)[there]
    boxes = -overlap(sides[:, :4].exp(), goals[:, 1:5]).log().sum()
    central = functional.binary_cross_entropy_with_logits(sides[:, 4], goals[:, 5], reduction="sum")
    return focal + (boxes + central) / there.sum().clamp(min=1)


def fcos() -> Task:
    model = Fcos()

    def loss(batch: Batch) -> Tensor:
        return fcos_loss(model(batch[0]), batch[1])

    parts = {"first": "body.0.0", "middle": "body.2", "head": "kinds.1", "trunk": "body"}
    parts |= {"branch": "sides"}
    return learn(model, loss, data.things(), 16, parts=parts)


def crowd_count() -> Task:
    """How many heads are where: wide convolutions, then a density (CSRNet)."""
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 24, 3, padding=2, dilation=2),
        nn.ReLU(),
        nn.Conv2d(24, 24, 3, padding=2, dilation=2),
        nn.ReLU(),
        nn.Conv2d(24, 1, 1),
    )
    return regress(model, data.crowds(), 16, first="0", middle="3", head="7", trunk="0 3")


class FlowNet(nn.Module):
    """How a picture moved, from it and the next one."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(2, 24, 5, 2, 2),
            nn.LeakyReLU(0.1),
            nn.Conv2d(24, 32, 3, 2, 1),
            nn.LeakyReLU(0.1),
            nn.Flatten(),
        )
        self.wide, self.act = nn.Linear(512, 64), nn.LeakyReLU(0.1)
        self.flow = nn.Linear(64, 2)

    def forward(self, images: Tensor) -> Tensor:
        flow: Tensor = self.flow(self.act(self.wide(self.body(images))))
        return flow


def end_point_error(told: Tensor, wanted: Tensor) -> Tensor:
    """Mean length of what the vectors differ by; both (N, 2)."""
    return (told - wanted).square().sum(1).add(1e-6).sqrt().mean()


def flow_net() -> Task:
    model = FlowNet()

    def loss(batch: Batch) -> Tensor:
        return end_point_error(model(batch[0]).float(), batch[1].float())

    parts = {"first": "body.0", "middle": "wide", "head": "flow", "trunk": "body"}
    return learn(model, loss, data.movements(), parts=parts)


class AttentionReader(nn.Module):
    """Reads a line: columns of a convolution, then a GRU that looks at them for each letter."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.eye = nn.Sequential(
            nn.Conv2d(1, 24, 3, 2, 1), nn.ReLU(), nn.Conv2d(24, 32, 3, (2, 1), 1), nn.ReLU()
        )
        self.columns, self.letters = nn.Linear(64, width), nn.Embedding(11, width)
        self.cell, self.look = nn.GRUCell(2 * width, width), nn.Linear(width, width)
        self.out = nn.Linear(2 * width, 10)

    def forward(self, lines: Tensor, letters: Tensor) -> Tensor:
        seen = self.columns(self.eye(lines).flatten(1, 2).transpose(1, 2)).tanh()
        seen = seen + 0.5 * torch.linspace(0, 9, seen.shape[1])[:, None].sin()
        state, told = seen.new_zeros(len(seen), seen.shape[2]), []
        context = seen.mean(1)
        for letter in self.letters(letters).unbind(1):
            state = self.cell(torch.cat([letter, context], 1), state)
            share = (seen @ self.look(state)[:, :, None]).squeeze(2).softmax(1)
            context = (share[:, :, None] * seen).sum(1)
            told.append(self.out(torch.cat([state, context], 1)))
        return torch.stack(told, 1)


def attention_ocr() -> Task:
    model = AttentionReader()

    def loss(batch: Batch) -> Tensor:
        logits = model(batch[0], batch[1][:, :-1]).float()
        return functional.cross_entropy(logits.flatten(0, 1), batch[1][:, 1:].flatten())

    parts = {"first": "eye.0", "middle": "cell", "head": "out", "trunk": "eye"}
    return learn(model, loss, data.written_words(), 24, parts=parts | {"embedding": "letters"})


def dynamic_unet() -> Task:
    """fastai's DynamicUnet over a small encoder, as unet_learner builds it."""
    from fastai.vision.models.unet import DynamicUnet

    encoder = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 12, 3, 1, 1), nn.BatchNorm2d(12), nn.ReLU()),
        _convolved(12, 16, 2),
        _convolved(16, 24, 2),
    )
    model = DynamicUnet(encoder, 3, (24, 24))

    def loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(torch.Tensor(model(batch[0])).float(), batch[1])

    parts = {"first": "layers.0.0.0", "middle": "layers.4", "trunk": "layers.0"}
    parts["head"] = f"layers.{len(model.layers) - 2}"
    return learn(model, loss, data.organs(), 8, parts=parts)


def _painter() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.InstanceNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 16, 3, padding=1),
        nn.InstanceNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 1, 3, padding=1),
        nn.Tanh(),
    )


def _judge() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 16, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(16, 24, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(24, 1, 3, padding=1),
    )


def judged(judge: nn.Module, real: Tensor, made: Tensor) -> Tensor:
    """Least squares: 1 for what is real, 0 for what was made."""
    return 0.5 * ((judge(real) - 1).square().mean() + judge(made).square().mean())


def cycle_gan() -> Task:
    """Two painters turn one look into the other and back; a judge of each look."""
    there, back, judge_there, judge_back = _painter(), _painter(), _judge(), _judge()
    models = {"there": there, "back": back, "judge_there": judge_there, "judge_back": judge_back}
    draw, _ = draw_samples(data.two_domains(), 12)

    def painted(batch: Batch) -> Tensor:
        first, second = batch
        made, returned = there(first), back(second)
        fooled = (judge_there(made) - 1).square().mean() + (
            judge_back(returned) - 1
        ).square().mean()
        cycle = functional.l1_loss(back(made), first) + functional.l1_loss(there(returned), second)
        same = functional.l1_loss(there(second), second) + functional.l1_loss(back(first), first)
        return (fooled + 10 * cycle + 5 * same).float()

    def judge_both(batch: Batch) -> Tensor:
        with torch.no_grad():
            made, returned = there(batch[0]), back(batch[1])
        found = judged(judge_there, batch[1], made) + judged(judge_back, batch[0], returned)
        return found.float()

    parts = {"first": "there.0", "middle": "there.3", "head": "there.6", "branch": "back"}
    phases = [Phase((there, back), painted), Phase((judge_there, judge_back), judge_both)]
    return Task(models, phases, draw, parts)
