"""Networks of sounds and of series in time."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_e import data
from bench.findings.wide.training import Batch, Task, learn


def wav2vec() -> Task:
    """transformers': convolutions of the sound itself, a transformer, CTC."""
    from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

    config = Wav2Vec2Config(
        vocab_size=8,
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=96,
        conv_dim=(24, 24, 32),
        conv_stride=(4, 3, 2),
        conv_kernel=(12, 5, 3),
        num_feat_extract_layers=3,
        feat_extract_norm="layer",
        num_conv_pos_embeddings=8,
        num_conv_pos_embedding_groups=4,
        apply_spec_augment=False,
        layerdrop=0.0,
    )
    model = Wav2Vec2ForCTC(config)

    def loss(batch: Batch) -> Tensor:
        scores = model(batch[0]).logits.float().log_softmax(2).transpose(0, 1)
        lengths = [torch.full((len(batch[1]),), size) for size in (len(scores), 4)]
        return functional.ctc_loss(scores, batch[1], *lengths, zero_infinity=True)

    parts = {"first": "wav2vec2.feature_extractor.conv_layers.0.conv", "head": "lm_head"}
    parts |= {"middle": "wav2vec2.encoder.layers.0", "trunk": "wav2vec2.feature_extractor"}
    return learn(model, loss, data.melodies(), 16, parts=parts)


class Separator(nn.Module):
    """Conv-TasNet: learnt waves, masks for each voice, and back to sound."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.encode = nn.Conv1d(1, width, 16, stride=8, bias=False)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(width, 48, 1),
                nn.PReLU(),
                nn.GroupNorm(1, 48),
                nn.Conv1d(48, 48, 3, padding=2**place, dilation=2**place, groups=48),
                nn.PReLU(),
                nn.GroupNorm(1, 48),
                nn.Conv1d(48, width, 1),
            )
            for place in range(3)
        )
        self.mask = nn.Conv1d(width, 2 * width, 1)
        self.decode = nn.ConvTranspose1d(width, 1, 16, stride=8, bias=False)

    def forward(self, sound: Tensor) -> Tensor:
        hidden = waves = self.encode(sound).relu()
        for block in self.blocks:
            hidden = hidden + block(hidden)
        masks = self.mask(hidden).sigmoid().chunk(2, 1)
        return torch.cat([self.decode(mask * waves) for mask in masks], 1)


def noise_ratio(told: Tensor, apart: Tensor) -> Tensor:
    """Minus the ratio, in decibels / 10, of what is right to what is not, whatever the volume."""
    share = (told * apart).sum(2, keepdim=True) / apart.square().sum(2, keepdim=True)
    right = share * apart
    ratio = right.square().sum(2) / ((told - right).square().sum(2) + 1e-8)
    return -(ratio + 1e-8).log10().mean()


def tas_net() -> Task:
    model = Separator()

    def loss(batch: Batch) -> Tensor:
        return noise_ratio(model(batch[0]).float(), batch[1])

    parts = {"first": "encode", "middle": "blocks.1", "head": "mask", "trunk": "encode blocks"}
    return learn(model, loss, data.two_voices(), 16, parts=parts)


class Attentive(nn.Module):
    """A GRU reads the past; another writes the days to come, and looks back at each (Bahdanau)."""

    def __init__(self, width: int = 40, future: int = 6) -> None:
        super().__init__()
        self.encoder = nn.GRU(2, width, batch_first=True)
        self.query, self.key = nn.Linear(width, 24), nn.Linear(width, 24)
        self.score = nn.Linear(24, 1)
        self.cell = nn.GRUCell(width + 1, width)
        self.out = nn.Linear(width, 1)
        self.future = future

    def forward(self, past: Tensor) -> Tensor:
        seen, last = self.encoder(past)
        hidden, value, keys, told = last[0], past[:, -1, :1], self.key(seen), []
        for _ in range(self.future):
            weights = self.score((self.query(hidden)[:, None] + keys).tanh()).softmax(1)
            hidden = self.cell(torch.cat([(weights * seen).sum(1), value], 1), hidden)
            value = self.out(hidden)
            told.append(value)
        return torch.cat(told, 1)


def attentive_sales() -> Task:
    model = Attentive()

    def loss(batch: Batch) -> Tensor:
        return functional.l1_loss(model(batch[0]).float(), batch[1])

    parts = {"first": "encoder", "middle": "cell", "head": "out", "trunk": "encoder"}
    return learn(model, loss, data.wholesale(), 24, parts=parts)


class Monitor(nn.Module):
    """What the next figures of two leads will be, to see which are unlike them."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(2, 48, batch_first=True)
        self.narrow, self.out = nn.Linear(48, 16), nn.Linear(16, 2)

    def forward(self, leads: Tensor) -> Tensor:
        return self.out(self.narrow(self.lstm(leads)[0]).tanh())


def lstm_monitor() -> Task:
    model = Monitor()

    def loss(batch: Batch) -> Tensor:
        leads = batch[0]
        return functional.mse_loss(model(leads[:, :-1]).float(), leads[:, 1:])

    parts = {"first": "lstm", "middle": "narrow", "head": "out", "trunk": "lstm"}
    return learn(model, loss, data.heartbeats(), 24, parts=parts)
