"""Networks that read and write: three of transformers, and those that people write themselves."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_j import data
from bench.findings.wide.training import Batch, Task, classify, learn


def _write(model: Any, parts: dict[str, str]) -> Task:
    """The next letter of texts, by a model of transformers."""

    def loss(batch: Batch) -> Tensor:
        logits = model(batch[0]).logits[:, :-1].flatten(0, 1)
        return functional.cross_entropy(logits.float(), batch[0][:, 1:].flatten())

    return learn(model, loss, (data.chains(),), 16, parts=parts)


def granite() -> Task:
    """A decoder with rotated positions and gated layers, as IBM has it."""
    from transformers import GraniteConfig, GraniteForCausalLM

    config: Any = GraniteConfig(
        vocab_size=40,
        hidden_size=32,
        num_hidden_layers=2,
        intermediate_size=64,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=32,
        attention_multiplier=8**-0.5,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    parts = {"embedding": "model.embed_tokens", "first": "model.layers.0"}
    parts |= {"middle": "model.layers.1", "head": "lm_head", "trunk": "model.layers"}
    return _write(GraniteForCausalLM(config), parts)


def neo_x() -> Task:
    """The architecture of Pythia."""
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    config: Any = GPTNeoXConfig(
        vocab_size=40,
        hidden_size=32,
        num_hidden_layers=2,
        intermediate_size=64,
        num_attention_heads=4,
        max_position_embeddings=32,
    )
    parts = {"embedding": "gpt_neox.embed_in", "first": "gpt_neox.layers.0"}
    parts |= {"middle": "gpt_neox.layers.1", "head": "lm_head", "trunk": "gpt_neox.layers"}
    return _write(GPTNeoXForCausalLM(config), parts)


def rem_bert() -> Task:
    """Reviews by an encoder with embeddings of their own width."""
    from transformers import RemBertConfig, RemBertForSequenceClassification

    config: Any = RemBertConfig(
        vocab_size=80,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        input_embedding_size=16,
        output_embedding_size=32,
        max_position_embeddings=32,
        classifier_dropout_prob=0.1,
        bos_token_id=1,
        eos_token_id=2,
        num_labels=4,
    )
    parts = {"embedding": "rembert.embeddings.word_embeddings", "head": "classifier"}
    parts |= {"first": "rembert.encoder.layer.0", "middle": "rembert.encoder.layer.1"}
    model: Any = RemBertForSequenceClassification(config)
    return classify(model, data.reviews(), 24, **parts, trunk="rembert.encoder")


class Reverser(nn.Module):
    """torch's own Transformer, which writes a text backwards."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(40, 32)
        self.place = nn.Parameter(0.1 * torch.randn(24, 32))
        self.net = nn.Transformer(32, 4, 1, 2, 64, dropout=0.1, batch_first=True)
        self.head = nn.Linear(32, 40)

    def forward(self, text: Tensor, told: Tensor) -> Tensor:
        mask = nn.Transformer.generate_square_subsequent_mask(told.shape[1])
        source = self.embed(text) + self.place[: text.shape[1]]
        target = self.embed(told) + self.place[: told.shape[1]]
        logits: Tensor = self.head(self.net(source, target, tgt_mask=mask))
        return logits


def reverser() -> Task:
    model = Reverser()

    def loss(batch: Batch) -> Tensor:
        turned = batch[0].flip(1)
        logits = model(batch[0], turned[:, :-1]).float()
        return functional.cross_entropy(logits.flatten(0, 1), turned[:, 1:].flatten())

    parts = {"embedding": "embed", "first": "net.encoder", "middle": "net.decoder.layers.0"}
    texts = (data.chains(length=10),)
    return learn(model, loss, texts, 24, parts=parts | {"head": "head", "trunk": "net.encoder"})


class FastText(nn.Module):
    """The mean of words' vectors, and two layers."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.EmbeddingBag(80, 32, mode="mean")
        self.hidden = nn.Linear(32, 32)
        self.head = nn.Linear(32, 4)

    def forward(self, text: Tensor) -> Tensor:
        logits: Tensor = self.head(self.hidden(self.words(text)).relu())
        return logits


def fast_text() -> Task:
    parts = {"embedding": "words", "first": "hidden", "middle": "hidden", "head": "head"}
    return classify(FastText(), data.reviews(), **parts, trunk="words")


class GruReviews(nn.Module):
    """A bidirectional GRU with attention over its steps."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(80, 24)
        self.drop = nn.Dropout(0.2)
        self.cell = nn.GRU(24, 24, batch_first=True, bidirectional=True)
        self.score = nn.Linear(48, 1)
        self.weights = nn.Softmax(1)
        self.head = nn.Linear(48, 4)
        self.sharpness = 1.0

    def forward(self, text: Tensor) -> Tensor:
        steps = self.cell(self.drop(self.words(text)))[0]
        share = self.weights(self.score(steps) * self.sharpness)
        logits: Tensor = self.head((share * steps).sum(1))
        return logits


def gru_reviews() -> Task:
    parts = {"embedding": "words", "first": "cell", "middle": "cell", "head": "head"}
    parts |= {"cell": "cell", "drops": "drop", "scores": "weights score"}
    return classify(GruReviews(), data.reviews(), **parts, trunk="cell")


class CharGru(nn.Module):
    """A language model of letters."""

    def __init__(self) -> None:
        super().__init__()
        self.letters = nn.Embedding(40, 24)
        self.drop = nn.Dropout(0.1)
        self.cell = nn.GRU(24, 48, batch_first=True)
        self.head = nn.Linear(48, 40)

    def forward(self, text: Tensor) -> Tensor:
        logits: Tensor = self.head(self.drop(self.cell(self.letters(text))[0]))
        return logits


def char_gru() -> Task:
    model = CharGru()

    def loss(batch: Batch) -> Tensor:
        logits = model(batch[0][:, :-1]).float()
        return functional.cross_entropy(logits.flatten(0, 1), batch[0][:, 1:].flatten())

    parts = {"embedding": "letters", "first": "cell", "middle": "cell", "head": "head"}
    parts |= {"cell": "cell", "drops": "drop", "trunk": "cell"}
    return learn(model, loss, (data.chains(),), 24, parts=parts)
