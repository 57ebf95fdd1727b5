"""Networks for symbols and series; those of transformers are small and start at random."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.findings.fresh.data import SYMBOLS, chain, counted_chain, series, tagged_chain
from bench.findings.wide.training import Batch, Task, classify, learn, logits_of, regress

SMALL = {
    "vocab_size": SYMBOLS,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
}


def follow(model: nn.Module, **parts: str) -> Task:
    """Guess each next symbol."""

    def loss(batch: Batch) -> Tensor:
        logits = logits_of(model(batch[0]))[:, :-1]
        return nn.functional.cross_entropy(logits.flatten(0, 1).float(), batch[0][:, 1:].flatten())

    return learn(model, loss, (chain(),), 16, parts=parts)


def roberta() -> Task:
    from transformers import RobertaConfig, RobertaForSequenceClassification

    config = RobertaConfig(**SMALL, num_labels=4, pad_token_id=0, type_vocab_size=1)
    parts = {
        "embedding": "roberta.embeddings",
        "middle": "roberta.encoder.layer.1",
        "head": "classifier",
        "trunk": "roberta",
    }
    return classify(RobertaForSequenceClassification(config), counted_chain(), 24, **parts)


def albert() -> Task:
    """One layer, used three times."""
    from transformers import AlbertConfig, AlbertForSequenceClassification

    config = AlbertConfig(**SMALL, embedding_size=16, num_labels=4, pad_token_id=0)
    parts = {
        "embedding": "albert.embeddings",
        "middle": "albert.encoder.albert_layer_groups.0",
        "head": "classifier",
        "trunk": "albert.embeddings",
    }
    return classify(AlbertForSequenceClassification(config), counted_chain(), 24, **parts)


def opt() -> Task:
    from transformers import OPTConfig, OPTForCausalLM

    config = OPTConfig(
        vocab_size=SYMBOLS,
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        ffn_dim=96,
        max_position_embeddings=64,
        word_embed_proj_dim=32,
        pad_token_id=0,
    )
    layers = "model.decoder.layers"
    parts = {"embedding": "model.decoder.embed_tokens", "middle": f"{layers}.1", "head": "lm_head"}
    return follow(OPTForCausalLM(config), **parts, trunk=f"{layers}.0 {layers}.1")


def mixtral() -> Task:
    """Two of four experts for each symbol."""
    from transformers import MixtralConfig, MixtralForCausalLM

    config = MixtralConfig(
        **{**SMALL, "num_hidden_layers": 2}, num_key_value_heads=2, num_local_experts=4
    )
    parts = {"embedding": "model.embed_tokens", "middle": "model.layers.0", "head": "lm_head"}
    return follow(MixtralForCausalLM(config), **parts, trunk="model.embed_tokens model.layers.0")


def bart() -> Task:
    """Write a row of symbols backwards."""
    from transformers import BartConfig, BartForConditionalGeneration

    config = BartConfig(
        vocab_size=SYMBOLS,
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_position_embeddings=64,
        pad_token_id=0,
        decoder_start_token_id=0,
        forced_eos_token_id=None,
    )
    model = BartForConditionalGeneration(config)

    def loss(batch: Batch) -> Tensor:
        rows = batch[0][:, :10]
        return model(input_ids=rows, labels=rows.flip(1)).loss

    parts = {
        "embedding": "model.shared",
        "middle": "model.encoder.layers.1",
        "head": "lm_head",
        "trunk": "model.encoder",
    }
    return learn(model, loss, (chain(),), 24, parts=parts)


class Tagger(nn.Module):
    """LSTM in both directions and a tag for each symbol."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.drop = nn.Embedding(SYMBOLS, 20), nn.Dropout(0.2)
        self.rnn = nn.LSTM(20, 24, num_layers=2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(48, 2)

    def forward(self, rows: Tensor) -> Tensor:
        states, _ = self.rnn(self.drop(self.words(rows)))
        return self.head(states).mT


def tagger() -> Task:
    parts = {"embedding": "words", "middle": "rnn", "head": "head", "drop": "drop"}
    task = classify(Tagger(), tagged_chain(), 32, **parts, trunk="words")
    task.classes = None
    return task


class BasisBlock(nn.Module):
    """What a fully connected block explains of the past is taken off it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(36, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()
        )
        self.past, self.future = nn.Linear(width, 36), nn.Linear(width, 12)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        inner = self.body(x)
        return x - self.past(inner), self.future(inner)


class NBeats(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(BasisBlock(48) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        total = torch.zeros(len(x), 12)
        for block in self.blocks:
            x, own = block(x)
            total = total + own
        return total


def nbeats() -> Task:
    parts = {"embedding": "blocks.0", "middle": "blocks.1", "head": "blocks.3"}
    return regress(NBeats(), series(), 32, **parts, trunk="blocks.0 blocks.1")
