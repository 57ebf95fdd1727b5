"""Networks that read and write: five of transformers, and four that people write themselves."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_k import data
from bench.findings.wide.training import (
    Batch,
    Task,
    classify,
    classify_tokens,
    learn,
    logits_of,
)

SMALL: Final = {"num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 72}
"""What most configurations of transformers call by the same names."""


def texts_and_next() -> tuple[Tensor, Tensor]:
    """Sentences, and at each word the one that follows."""
    texts = data.sentences()
    return texts[:, :-1], texts[:, 1:]


def star_coder() -> Task:
    """StarCoder2: rotated positions, few keys for many queries, biases everywhere."""
    from transformers import Starcoder2Config, Starcoder2ForCausalLM

    config: Any = Starcoder2Config(
        vocab_size=48,
        hidden_size=40,
        **SMALL,
        num_key_value_heads=2,
        max_position_embeddings=32,
        residual_dropout=0.0,
        embedding_dropout=0.0,
        bos_token_id=0,
        eos_token_id=1,
    )
    parts = {"embedding": "model.embed_tokens", "first": "model.layers.0", "head": "lm_head"}
    parts |= {"middle": "model.layers.1", "trunk": "model.layers"}
    return classify_tokens(Starcoder2ForCausalLM(config), texts_and_next(), 16, **parts)


def open_gpt() -> Task:
    """The first GPT, which normalises behind each sum."""
    from transformers import OpenAIGPTConfig, OpenAIGPTLMHeadModel

    config: Any = OpenAIGPTConfig(vocab_size=48, n_positions=32, n_embd=40, n_layer=3, n_head=4)
    parts = {"embedding": "transformer.tokens_embed", "first": "transformer.h.0"}
    parts |= {"middle": "transformer.h.1", "head": "lm_head", "trunk": "transformer.h"}
    return classify_tokens(OpenAIGPTLMHeadModel(config), texts_and_next(), 16, **parts)


def megatron(kinds: int = 4) -> Task:
    """Megatron's BERT sorts names by their language."""
    from transformers import MegatronBertConfig, MegatronBertForSequenceClassification

    config: Any = MegatronBertConfig(
        vocab_size=28, hidden_size=40, **SMALL, max_position_embeddings=16, num_labels=kinds
    )
    parts = {"embedding": "bert.embeddings.word_embeddings", "first": "bert.encoder.layer.0"}
    parts |= {"middle": "bert.encoder.layer.1", "head": "classifier", "trunk": "bert.encoder"}
    return classify(MegatronBertForSequenceClassification(config), data.names(), 24, **parts)


def um_t5() -> Task:
    """UMT5 writes each word by its code, read from the other end."""
    from transformers import UMT5Config, UMT5ForConditionalGeneration

    config: Any = UMT5Config(
        vocab_size=48,
        d_model=36,
        d_kv=9,
        d_ff=72,
        num_layers=2,
        num_heads=4,
        pad_token_id=0,
        decoder_start_token_id=0,
        dropout_rate=0.05,
    )
    model = UMT5ForConditionalGeneration(config)
    texts = data.sentences(length=10)
    code = torch.randperm(46, generator=torch.Generator().manual_seed(0)) + 2
    coded = code[texts - 2].flip(1)

    def loss(batch: Batch) -> Tensor:
        logits = logits_of(model(input_ids=batch[0], labels=batch[1])).float()
        return functional.cross_entropy(logits.flatten(0, 1), batch[1].flatten())

    parts = {"embedding": "shared", "first": "encoder.block.0", "middle": "encoder.block.1"}
    parts |= {"head": "lm_head", "trunk": "encoder"}
    return learn(model, loss, (texts, coded), 24, parts=parts)


def peft_reviews() -> Task:
    """LoRA by peft on an encoder that keeps its weights, and a head of its own."""
    from peft import LoraConfig, get_peft_model
    from transformers import DistilBertConfig, DistilBertForSequenceClassification

    config: Any = DistilBertConfig(
        vocab_size=90, dim=48, hidden_dim=96, n_layers=2, n_heads=4, num_labels=3
    )
    lora = LoraConfig(
        task_type="SEQ_CLS",
        r=8,
        lora_alpha=32,
        target_modules=["q_lin", "v_lin", "lin1", "lin2"],
        modules_to_save=["pre_classifier", "classifier"],
    )
    model: Any = get_peft_model(DistilBertForSequenceClassification(config), lora)
    block = "base_model.model.distilbert.transformer.layer.0"
    parts = {"first": f"{block}.attention.q_lin", "middle": f"{block}.ffn.lin1"}
    parts |= {"head": "base_model.model.classifier", "adapter": f"{block}.ffn.lin2.lora_A.default"}
    return classify(model, data.opinions(), 24, **parts)


class ImdbLstm(nn.Module):
    """Two layers of LSTM, of which the last state is judged."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(90, 32, padding_idx=0)
        self.lstm = nn.LSTM(32, 40, 2, batch_first=True, dropout=0.2)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(40, 3)

    def forward(self, texts: Tensor) -> Tensor:
        states, _ = self.lstm(self.words(texts))
        logits: Tensor = self.head(self.drop(states.mean(1)))
        return logits


def imdb_lstm() -> Task:
    parts = {"embedding": "words", "first": "lstm", "middle": "lstm", "head": "head"}
    parts |= {"cell": "lstm", "drops": "drop", "trunk": "lstm"}
    return classify(ImdbLstm(), data.opinions(), **parts)


class NamesRnn(nn.Module):
    """Letters one after the other, through a recurrence that is written out."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Linear(28, 48)
        self.again = nn.Linear(48, 48)
        self.bend: nn.Module = nn.Tanh()
        self.head = nn.Linear(48, 4)

    def forward(self, texts: Tensor) -> Tensor:
        state = torch.zeros(len(texts), 48)
        for letter in functional.one_hot(texts, 28).float().unbind(1):
            state = self.bend(self.enter(letter) + self.again(state))
        logits: Tensor = self.head(state)
        return logits


def names_rnn() -> Task:
    parts = {"first": "enter", "middle": "again", "head": "head", "trunk": "enter"}
    return classify(NamesRnn(), data.names(), **parts, cell="again bend")


class QuoraPairs(nn.Module):
    """One encoder for both questions; what sets them apart, and what they share, is judged."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(70, 32)
        self.encoder = nn.Sequential(
            *(nn.Conv1d(32, 48, 3, padding=1), nn.ReLU(), nn.AdaptiveMaxPool1d(1)),
            *(nn.Flatten(), nn.Linear(48, 32), nn.Tanh()),
        )
        self.judge = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 1))

    def forward(self, pairs: Tensor) -> Tensor:
        one, two = (self.encoder(self.words(own).transpose(1, 2)) for own in pairs.unbind(1))
        logits: Tensor = self.judge(torch.cat([(one - two).abs(), one * two], 1))
        return logits[:, 0]


def quora_pairs() -> Task:
    model = QuoraPairs()

    def loss(batch: Batch) -> Tensor:
        return functional.binary_cross_entropy_with_logits(model(batch[0]).float(), batch[1])

    parts = {"embedding": "words", "first": "encoder.0", "middle": "encoder.4", "head": "judge.3"}
    parts |= {"trunk": "encoder", "branch": "encoder.4", "drops": "judge.2"}
    return learn(model, loss, data.questions(), parts=parts)
