"""Networks that read and write texts."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_g import data_rows as data
from bench.findings.wide.data import VOCABULARY, passages
from bench.findings.wide.training import Batch, Task, classify_tokens, learn


def falcon() -> Task:
    """Falcon: one key and value for all heads, attention and feed-forward side by side."""
    from transformers import FalconConfig, FalconForCausalLM

    config = FalconConfig(
        vocab_size=VOCABULARY,
        hidden_size=48,
        num_hidden_layers=3,
        num_attention_heads=4,
        ffn_hidden_size=128,
        multi_query=True,
        parallel_attn=True,
        initializer_range=0.05,
        hidden_dropout=0.0,
        attention_dropout=0.0,
        use_cache=False,
        tie_word_embeddings=False,
    )
    model = FalconForCausalLM(config)

    parts = {"embedding": "transformer.word_embeddings", "middle": "transformer.h.1"}
    parts |= {"head": "lm_head", "trunk": "transformer.h"}
    return classify_tokens(model, passages(), 12, **parts)


def layout_lm() -> Task:
    """LayoutLM: tags of a form's words, by what they are and where they stand."""
    from transformers import LayoutLMConfig, LayoutLMForTokenClassification

    config = LayoutLMConfig(
        vocab_size=data.WORDS,
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=96,
        max_position_embeddings=32,
        max_2d_position_embeddings=1024,
        initializer_range=0.05,
        num_labels=4,
    )
    model: Any = LayoutLMForTokenClassification(config)

    def loss(batch: Batch) -> Tensor:
        words, boxes, tags = batch
        told = model(input_ids=words, bbox=boxes, attention_mask=(words > 0).long())
        return functional.cross_entropy(told.logits.float().flatten(0, 1), tags.flatten())

    parts = {"embedding": "layoutlm.embeddings", "middle": "layoutlm.encoder.layer.1"}
    parts |= {"head": "classifier", "trunk": "layoutlm.encoder"}
    return learn(model, loss, data.forms(), 24, parts=parts)


def summary_loss(model: Any, batch: Batch, padding: int = -100) -> Tensor:
    """Cross entropy of a summary's words. padding: what stands for words that do not count."""
    texts, summary = batch
    given = torch.cat([torch.zeros_like(summary[:, :1]), summary[:, :-1]], 1)
    told = model(
        input_ids=texts, attention_mask=(texts > 0).long(), decoder_input_ids=given
    ).logits.float()
    wanted = summary.masked_fill(summary == 0, padding)
    return functional.cross_entropy(told.flatten(0, 1), wanted.flatten())


def pegasus() -> Task:
    """Pegasus: summaries of the words that matter. Embeddings are scaled, positions are fixed."""
    from transformers import PegasusConfig, PegasusForConditionalGeneration

    config = PegasusConfig(
        vocab_size=data.WORDS,
        d_model=48,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=96,
        decoder_ffn_dim=96,
        max_position_embeddings=32,
        init_std=0.05,
        scale_embedding=True,
        dropout=0.05,
        decoder_start_token_id=0,
        forced_eos_token_id=1,
        use_cache=False,
    )
    model = PegasusForConditionalGeneration(config)

    def loss(batch: Batch) -> Tensor:
        return summary_loss(model, batch)

    parts = {"embedding": "model.shared", "middle": "model.decoder.layers.0", "head": "lm_head"}
    return learn(model, loss, data.articles(), 24, parts=parts | {"trunk": "model.encoder"})


def question_answering() -> Task:
    """ERNIE: where in a text the answer to a question begins and ends."""
    from transformers import ErnieConfig, ErnieForQuestionAnswering

    config = ErnieConfig(
        vocab_size=data.WORDS,
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=96,
        max_position_embeddings=64,
        initializer_range=0.08,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    model: Any = ErnieForQuestionAnswering(config)

    def loss(batch: Batch) -> Tensor:
        told = model(input_ids=batch[0], attention_mask=(batch[0] > 0).long())
        first = functional.cross_entropy(told.start_logits.float(), batch[1][:, 0])
        return (first + functional.cross_entropy(told.end_logits.float(), batch[1][:, 1])) / 2

    parts = {"embedding": "ernie.embeddings", "middle": "ernie.encoder.layer.1"}
    parts |= {"head": "qa_outputs", "trunk": "ernie.encoder"}
    return learn(model, loss, data.questions(), 32, parts=parts)


def reward_model() -> Task:
    """A GPT with one number for a whole answer: those that people like get more than others."""
    from transformers import GPTBigCodeConfig, GPTBigCodeForSequenceClassification

    config = GPTBigCodeConfig(
        vocab_size=data.WORDS,
        n_positions=16,
        n_embd=48,
        n_layer=2,
        n_head=4,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        initializer_range=0.05,
        num_labels=1,
        pad_token_id=0,
        use_cache=False,
    )
    model: Any = GPTBigCodeForSequenceClassification(config)

    def loss(batch: Batch) -> Tensor:
        worth = model(input_ids=torch.cat(batch)).logits.float().squeeze(1)
        liked, other = worth.chunk(2)
        return -functional.logsigmoid(liked - other).mean()

    parts = {"embedding": "transformer.wte", "middle": "transformer.h.1", "head": "score"}
    return learn(model, loss, data.preferences(), 16, parts=parts | {"trunk": "transformer.h"})


class SentenceCoder(nn.Module):
    """A small transformer encoder whose mean is a sentence's code, of length 1."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(data.WORDS, width), nn.Embedding(16, width)
        self.dropout = nn.Dropout(0.1)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, 4, 96, 0.1, batch_first=True) for _ in range(2)
        )
        self.code = nn.Linear(width, 32)

    def forward(self, words: Tensor) -> Tensor:
        hidden = self.dropout(self.words(words) + self.places.weight[: words.shape[1]])
        for layer in self.layers:
            hidden = layer(hidden)
        return functional.normalize(self.code(hidden.mean(1)), dim=1)


def sim_cse() -> Task:
    """A sentence seen twice, with other dropout, agrees with itself more than with others."""
    model = SentenceCoder()

    def loss(batch: Batch) -> Tensor:
        first, second = model(batch[0]).float(), model(batch[0]).float()
        return functional.cross_entropy(first @ second.T / 0.05, torch.arange(len(first)))

    parts = {"embedding": "words", "middle": "layers.1", "head": "code", "trunk": "layers"}
    return learn(model, loss, (data.sentences(),), 24, parts=parts)


def awd_lstm() -> Task:
    """fastai's AWD-LSTM: dropout of weights, words and states, and a decoder tied to the words.

    It has a state, which its training resets where a text begins, here with each batch.
    """
    from fastai.text.models.awdlstm import AWD_LSTM
    from fastai.text.models.core import LinearDecoder, SequentialRNN

    encoder = AWD_LSTM(
        VOCABULARY, 48, 64, 2, hidden_p=0.05, input_p=0.1, embed_p=0.02, weight_p=0.1
    )
    decoder = LinearDecoder(VOCABULARY, 48, output_p=0.1, tie_encoder=encoder.encoder)
    model = SequentialRNN(encoder, decoder)

    def loss(batch: Batch) -> Tensor:
        model.reset()
        logits = model(batch[0])[0].float()
        return functional.cross_entropy(logits.flatten(0, 1), batch[1].flatten())

    parts = {"embedding": "0.encoder", "middle": "0.rnns.1", "head": "1.decoder"}
    return learn(model, loss, passages(), 16, parts=parts | {"trunk": "0.rnns.0"})
