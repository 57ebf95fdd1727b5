"""Networks for symbols and series of the second half."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.findings.fresh.data import SYMBOLS, chain, counted_chain, series
from bench.findings.fresh.sequences import SMALL, follow
from bench.findings.wide.training import Batch, Task, classify, learn, regress


def gemma() -> Task:
    from transformers import GemmaConfig, GemmaForCausalLM

    config = GemmaConfig(**SMALL, num_key_value_heads=1, head_dim=8)
    parts = {"embedding": "model.embed_tokens", "middle": "model.layers.1", "head": "lm_head"}
    return follow(GemmaForCausalLM(config), **parts, trunk="model.layers.0")


def gpt_neox() -> Task:
    """Attention and MLP beside each other."""
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    model = GPTNeoXForCausalLM(GPTNeoXConfig(**SMALL, use_parallel_residual=True))
    layers = "gpt_neox.layers"
    parts = {"embedding": "gpt_neox.embed_in", "middle": f"{layers}.1", "head": "lm_head"}
    return follow(model, **parts, trunk=f"{layers}.0")


def electra() -> Task:
    from transformers import ElectraConfig, ElectraForSequenceClassification

    config = ElectraConfig(
        **{**SMALL, "num_hidden_layers": 2}, embedding_size=24, num_labels=4, pad_token_id=0
    )
    parts = {
        "embedding": "electra.embeddings",
        "middle": "electra.encoder.layer.1",
        "head": "classifier.out_proj",
        "trunk": "electra",
    }
    return classify(ElectraForSequenceClassification(config), counted_chain(), 24, **parts)


def adapted() -> Task:
    """Adapters of rank 4 from peft on a frozen network, and its classifier."""
    from peft import LoraConfig, get_peft_model

    task = electra()
    config = LoraConfig(r=4, target_modules=["query", "value"], modules_to_save=["classifier"])
    model = get_peft_model(task.models[""], config)
    return classify(model, counted_chain(), 24)


class StateSpace(nn.Module):
    """A diagonal linear recurrence as one long convolution."""

    def __init__(self, width: int, states: int = 8) -> None:
        super().__init__()
        self.decay = nn.Parameter(torch.rand(width, states).mul(3).sub(3))
        self.mix = nn.Parameter(torch.randn(width, states) / states**0.5)
        self.norm, self.out = nn.LayerNorm(width), nn.Linear(width, 2 * width)
        self.glu = nn.GLU()

    def forward(self, x: Tensor) -> Tensor:
        length = x.shape[1]
        times = torch.arange(length)
        kernel = (self.mix[..., None] * (-self.decay.exp()[..., None] * times).exp()).sum(1)
        own = self.norm(x).mT
        spectrum = torch.fft.rfft(own, 2 * length) * torch.fft.rfft(kernel, 2 * length)
        y = torch.fft.irfft(spectrum, 2 * length)[..., :length].mT
        return x + self.glu(self.out(nn.functional.gelu(y)))


class StateSpaceNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(SYMBOLS, 32)
        self.layers = nn.ModuleList(StateSpace(32) for _ in range(3))
        self.head = nn.Linear(32, SYMBOLS)

    def forward(self, rows: Tensor) -> Tensor:
        x = self.words(rows)
        for layer in self.layers:
            x = layer(x)
        return self.head(x)


def state_space() -> Task:
    parts = {"embedding": "words", "middle": "layers.1", "head": "head", "trunk": "layers.0"}
    return follow(StateSpaceNet(), **parts)


class Forecaster(nn.Module):
    """A GRU reads the past; another writes the future, number by number."""

    def __init__(self) -> None:
        super().__init__()
        self.reader = nn.GRU(1, 32, batch_first=True)
        self.writer = nn.GRUCell(1, 32)
        self.head = nn.Linear(32, 1)

    def forward(self, past: Tensor) -> Tensor:
        _, state = self.reader(past[..., None])
        state, last, future = state[0], past[:, -1:], []
        for _ in range(12):
            state = self.writer(last, state)
            last = last + self.head(state)
            future.append(last)
        return torch.cat(future, 1)


def forecaster() -> Task:
    parts = {"embedding": "reader", "middle": "writer", "head": "head", "trunk": "reader"}
    return regress(Forecaster(), series(), 32, **parts)


class Perceiver(nn.Module):
    """A few latents read the series, think, and answer."""

    def __init__(self) -> None:
        super().__init__()
        self.lift = nn.Linear(1, 24)
        self.places = nn.Parameter(torch.randn(1, 36, 24) / 5)
        self.latents = nn.Parameter(torch.randn(1, 6, 24) / 5)
        self.read = nn.MultiheadAttention(24, 2, batch_first=True)
        self.norms = nn.ModuleList(nn.LayerNorm(24) for _ in range(3))
        self.think = nn.MultiheadAttention(24, 2, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(24, 48), nn.GELU(), nn.Linear(48, 24))
        self.head = nn.Linear(144, 12)

    def forward(self, past: Tensor) -> Tensor:
        tokens = self.lift(past[..., None]) + self.places
        x = self.latents.expand(len(past), -1, -1)
        x = x + self.read(self.norms[0](x), tokens, tokens)[0]
        own = self.norms[1](x)
        x = x + self.think(own, own, own)[0]
        return self.head((x + self.mlp(self.norms[2](x))).flatten(1))


def perceiver() -> Task:
    parts = {"embedding": "lift", "middle": "mlp", "head": "head", "trunk": "lift read"}
    return regress(Perceiver(), series(), 32, **parts)


class ReadTwice(nn.Module):
    """Symbols by a small recurrent cell written out by hand: two tasks from one state."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.drop = nn.Embedding(SYMBOLS, 24), nn.Dropout(0.1)
        self.forget, self.fresh = nn.Linear(48, 24), nn.Linear(48, 24)
        self.sigmoid, self.tanh = nn.Sigmoid(), nn.Tanh()
        self.quarter, self.last = nn.Linear(24, 4), nn.Linear(24, SYMBOLS)

    def forward(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        state = torch.zeros(len(rows), 24)
        for word in self.drop(self.words(rows[:, -12:])).unbind(1):
            both = torch.cat([word, state], 1)
            gate = self.sigmoid(self.forget(both))
            state = gate * state + (1 - gate) * self.tanh(self.fresh(both))
        return self.quarter(state), self.last(state)


def two_tasks() -> Task:
    model = ReadTwice()

    def loss(batch: Batch) -> Tensor:
        quarter, last = model(batch[0])
        first = nn.functional.cross_entropy(quarter, batch[1])
        return first + nn.functional.cross_entropy(last, batch[0][:, -1])

    parts = {"embedding": "words", "middle": "fresh", "head": "quarter", "trunk": "words"}
    parts |= {"open": "forget", "branch": "last", "drop": "drop"}
    return learn(model, loss, (chain(), counted_chain()[1]), 32, parts=parts)
