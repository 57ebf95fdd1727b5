"""Networks that read words, sounds and series."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from bench.findings.fresh_c import data
from bench.findings.wide.training import Batch, Task, classify, learn, regress


class TextCnn(nn.Module):
    """Kim 2014: windows of three widths over words, and dropout of a half."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(data.WORDS + 1, 32, padding_idx=0)
        self.convs = nn.ModuleList(nn.Conv1d(32, 24, width, padding=1) for width in (2, 3, 4))
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(72, 2)

    def forward(self, words: Tensor) -> Tensor:
        hidden = self.embedding(words).transpose(1, 2)
        pooled = [functional.relu(conv(hidden)).amax(2) for conv in self.convs]
        return self.fc(self.dropout(torch.cat(pooled, 1)))


def text_cnn() -> Task:
    words, _, liked = data.reviews()
    parts = {"embedding": "embedding", "first": "embedding", "middle": "convs.1", "head": "fc"}
    return classify(TextCnn(), (words, liked), 48, dropout="dropout", **parts)


class BiLstm(nn.Module):
    """Packed sequences, attention over their states."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(data.WORDS + 1, 24, padding_idx=0)
        self.lstm = nn.LSTM(24, 24, batch_first=True, bidirectional=True)
        self.score = nn.Linear(48, 1)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(48, 2)

    def forward(self, words: Tensor, lengths: Tensor) -> Tensor:
        packed = pack_padded_sequence(
            self.embedding(words), lengths, batch_first=True, enforce_sorted=False
        )
        states, _ = pad_packed_sequence(self.lstm(packed)[0], True, total_length=words.shape[1])
        scores = self.score(states)[..., 0].float().masked_fill(words == 0, -1e9)
        return self.fc(self.dropout((scores.softmax(1)[..., None] * states).sum(1)))


def bilstm() -> Task:
    model = BiLstm()

    def loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(model(batch[0], batch[1]).float(), batch[2])

    parts = {"embedding": "embedding", "first": "embedding", "middle": "lstm", "head": "fc"}
    return learn(model, loss, data.reviews(), 32, parts=parts, classes=data.reviews()[2])


class Speech(nn.Module):
    """Convolution over frames, recurrent layers, CTC."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(12, 32, 3, padding=1)
        self.norm = nn.BatchNorm1d(32)
        self.gru = nn.GRU(32, 32, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(64, data.PHONES)

    def forward(self, frames: Tensor) -> Tensor:
        hidden = functional.hardtanh(self.norm(self.conv(frames.transpose(1, 2))), 0, 20)
        return self.fc(self.gru(hidden.transpose(1, 2))[0])


def ctc_speech() -> Task:
    model = Speech()

    def loss(batch: Batch) -> Tensor:
        frames, phones, counts = batch
        chances = model(frames).float().log_softmax(-1).transpose(0, 1)
        lasts = torch.full((len(frames),), frames.shape[1])
        return functional.ctc_loss(chances, phones, lasts, counts)

    parts = {"first": "conv", "middle": "gru", "head": "fc", "trunk": "conv norm"}
    return learn(model, loss, data.utterances(), 24, parts=parts)


class SeriesTransformer(nn.Module):
    """nn.TransformerEncoder as it is by default, post-norm, over padded series."""

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(3, 40)
        self.places = nn.Parameter(torch.randn(32, 40) * 0.5)
        layer = nn.TransformerEncoderLayer(40, 4, 80, 0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)
        self.head = nn.Linear(40, 4)

    def forward(self, values: Tensor, ended: Tensor) -> Tensor:
        hidden = self.encoder(self.project(values) + self.places, src_key_padding_mask=ended)
        there = (~ended)[..., None].float()
        return self.head((hidden * there).sum(1) / there.sum(1).clamp(min=1))


def series_transformer() -> Task:
    model = SeriesTransformer()

    def loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(model(batch[0], batch[1]).float(), batch[2])

    parts = {
        "first": "project",
        "embedding": "project",
        "middle": "encoder.layers.1",
        "head": "head",
    }
    parts |= {"trunk": "project encoder"}
    return learn(model, loss, data.signals(), 32, parts=parts, classes=data.signals()[2])


class StockLstm(nn.Module):
    """The rate of tomorrow from the last twenty, as countless tutorials have it."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm1 = nn.LSTM(1, 32, batch_first=True)
        self.dropout = nn.Dropout(0.2)
        self.lstm2 = nn.LSTM(32, 32, batch_first=True)
        self.fc = nn.Linear(32, 1)

    def forward(self, window: Tensor) -> Tensor:
        hidden = self.dropout(self.lstm1(window)[0])
        return self.fc(self.lstm2(hidden)[0][:, -1])


def stock_lstm() -> Task:
    parts = {"first": "lstm1", "middle": "lstm2", "head": "fc"}
    return regress(StockLstm(), data.prices(), 32, **parts)


class Attention(nn.Module):
    causal = True

    def __init__(self, width: int) -> None:
        super().__init__()
        self.given, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, hidden: Tensor) -> Tensor:
        rows, length, width = hidden.shape
        split = self.given(hidden).view(rows, length, 3, 4, width // 4).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(*split.unbind(0), is_causal=self.causal)
        return self.out(mixed.transpose(1, 2).flatten(2))


class NanoBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, hidden: Tensor) -> Tensor:
        hidden = hidden + self.attention(self.ln1(hidden))
        return hidden + self.mlp(self.ln2(hidden))


class NanoGpt(nn.Module):
    """Small and written by hand; what reads letters also writes them (tied weights)."""

    def __init__(self) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(13, 48), nn.Embedding(24, 48)
        self.blocks = nn.Sequential(*(NanoBlock(48) for _ in range(3)))
        self.norm, self.head = nn.LayerNorm(48), nn.Linear(48, 13, bias=False)
        nn.init.normal_(self.wte.weight, std=0.02)
        nn.init.normal_(self.wpe.weight, std=0.02)
        self.head.weight = self.wte.weight

    def forward(self, letters: Tensor) -> Tensor:
        places = torch.arange(letters.shape[1])
        return self.head(self.norm(self.blocks(self.wte(letters) + self.wpe(places))))


def nano_gpt() -> Task:
    model = NanoGpt()

    def loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(model(batch[0]).flatten(0, 1).float(), batch[1].flatten())

    parts = {"embedding": "wte", "first": "wte", "middle": "blocks.1", "head": "head"}
    return learn(model, loss, data.sentences(), 24, parts=parts)
