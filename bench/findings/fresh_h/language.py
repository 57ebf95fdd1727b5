"""Networks of transformers' other families, and two that read texts without attention."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_h import data_rows as data
from bench.findings.wide.training import Batch, Task, classify, classify_tokens, learn


def mistral_sft() -> Task:
    """Mistral learns to answer; the questions do not count."""
    from transformers import MistralConfig, MistralForCausalLM

    config = MistralConfig(
        vocab_size=42,
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=32,
        attn_implementation="eager",
    )
    model: Any = MistralForCausalLM(config)

    def loss(batch: Batch) -> Tensor:
        told: Tensor = model(batch[0], labels=batch[1], use_cache=False).loss
        return told

    parts = {"embedding": "model.embed_tokens", "middle": "model.layers.1", "head": "lm_head"}
    parts |= {"trunk": "model.layers.0 model.layers.1", "first": "model.embed_tokens"}
    return learn(model, loss, data.instructions(), 24, parts=parts)


def xlnet() -> Task:
    """XLNet tells whether a review is praise."""
    from transformers import XLNetConfig, XLNetForSequenceClassification

    config = XLNetConfig(
        vocab_size=60, d_model=48, n_layer=2, n_head=4, d_inner=96, num_labels=2, pad_token_id=0
    )
    model: Any = XLNetForSequenceClassification(config)

    def loss(batch: Batch) -> Tensor:
        told = model(batch[0], attention_mask=(batch[0] > 0).float()).logits
        return functional.cross_entropy(told.float(), batch[1])

    parts = {"embedding": "transformer.word_embedding", "middle": "transformer.layer.1"}
    parts |= {"head": "logits_proj", "trunk": "transformer.layer", "first": parts["embedding"]}
    texts = data.reviews()
    return learn(model, loss, texts, 24, parts=parts, classes=texts[1])


def mpnet_similarity() -> Task:
    """How alike two sentences are, by the cosine of MPNet's mean vectors."""
    from transformers import MPNetConfig, MPNetModel

    config = MPNetConfig(
        vocab_size=64,
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=96,
        max_position_embeddings=24,
    )
    model: Any = MPNetModel(config, add_pooling_layer=False)

    def loss(batch: Batch) -> Tensor:
        states = model(batch[0].flatten(0, 1)).last_hidden_state.mean(1).float()
        codes = states.view(-1, 2, states.shape[1])
        return functional.mse_loss(functional.cosine_similarity(*codes.unbind(1)), batch[1])

    parts = {"embedding": "embeddings.word_embeddings", "middle": "encoder.layer.1"}
    parts |= {"trunk": "encoder.layer", "first": "embeddings.word_embeddings"}
    return learn(model, loss, data.alike_sentences(), parts=parts)


def mbart() -> Task:
    """mBART translates between two small languages."""
    from transformers import MBartConfig, MBartForConditionalGeneration

    config = MBartConfig(
        vocab_size=42,
        d_model=48,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=96,
        decoder_ffn_dim=96,
        max_position_embeddings=24,
        pad_token_id=0,
        eos_token_id=data.STOP,
        decoder_start_token_id=data.STOP,
    )
    model: Any = MBartForConditionalGeneration(config)

    def loss(batch: Batch) -> Tensor:
        told: Tensor = model(batch[0], labels=batch[1], use_cache=False).loss
        return told

    parts = {"embedding": "model.shared", "middle": "model.encoder.layers.1", "head": "lm_head"}
    parts |= {"trunk": "model.encoder.layers", "first": "model.shared"}
    return learn(model, loss, data.sentence_pairs(), parts=parts)


def roformer_ner() -> Task:
    """RoFormer gives each word a tag; first and last words have none."""
    from transformers import RoFormerConfig, RoFormerForTokenClassification

    config = RoFormerConfig(
        vocab_size=50,
        embedding_size=48,
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=96,
        max_position_embeddings=32,
        num_labels=5,
    )
    model: Any = RoFormerForTokenClassification(config)

    parts = {"embedding": "roformer.embeddings.word_embeddings", "head": "classifier"}
    parts |= {"middle": "roformer.encoder.layer.1", "trunk": "roformer.encoder.layer"}
    parts["first"] = parts["embedding"]
    return classify_tokens(model, data.tagged_words(), 32, **parts)


class PackedGru(nn.Module):
    """A GRU over packed texts of several lengths; `read` picks the state that tells."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(60, 32, padding_idx=0)
        self.drop = nn.Dropout(0.2)
        self.gru = nn.GRU(32, 48, batch_first=True)
        self.head = nn.Linear(48, 2)
        self.place = self.at_end

    @staticmethod
    def at_end(lengths: Tensor) -> Tensor:
        return lengths - 1

    def forward(self, tokens: Tensor) -> Tensor:
        lengths = (tokens > 0).sum(1)
        packed = nn.utils.rnn.pack_padded_sequence(
            self.drop(self.embedding(tokens)), lengths, batch_first=True, enforce_sorted=False
        )
        states, _ = nn.utils.rnn.pad_packed_sequence(
            self.gru(packed)[0], batch_first=True, total_length=tokens.shape[1]
        )
        told: Tensor = self.head(states[torch.arange(len(tokens)), self.place(lengths)])
        return told


def packed_gru() -> Task:
    parts = {"embedding": "embedding", "middle": "gru", "head": "head", "trunk": "embedding gru"}
    return classify(PackedGru(), data.reviews(), **parts | {"first": "embedding"})


class PyramidBlock(nn.Module):
    """Half of the places by pooling, then two convolutions beside a shortcut (DPCNN)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.pool = nn.MaxPool1d(3, 2, 1)
        self.conv1, self.conv2 = (nn.Conv1d(width, width, 3, padding=1) for _ in range(2))
        self.act1, self.act2 = nn.ReLU(), nn.ReLU()

    def forward(self, values: Tensor) -> Tensor:
        small = self.pool(values)
        summed: Tensor = small + self.conv2(self.act2(self.conv1(self.act1(small))))
        return summed


class Transposed(nn.Module):
    def forward(self, values: Tensor) -> Tensor:
        return values.transpose(1, 2)


def dpcnn() -> Task:
    """Reviews by a deep pyramid of convolutions."""
    model = nn.Sequential(
        nn.Embedding(60, 48, padding_idx=0),
        Transposed(),
        nn.Conv1d(48, 48, 3, padding=1),
        PyramidBlock(48),
        PyramidBlock(48),
        PyramidBlock(48),
        nn.AdaptiveMaxPool1d(1),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(48, 2),
    )
    parts = {"embedding": "0", "first": "0", "middle": "4", "head": "9", "trunk": "2 3 4 5"}
    return classify(model, data.reviews(), **parts)
