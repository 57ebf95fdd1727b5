"""Networks for text: transformers' with small random configurations, recurrent ones, word2vec."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.findings.wide.data import CONTEXT, VOCABULARY, labelled_passages, passages, word_pairs
from bench.findings.wide.training import Batch, Task, classify, classify_tokens, learn

WIDTH, HEADS, LAYERS = 48, 4, 3


def predict_letters(model: nn.Module, **parts: str) -> Task:
    """The next letter of each place, by cross entropy."""
    return classify_tokens(model, passages(), **parts)


def classify_passages(model: nn.Module, encoder: str, layers: str, drop: str) -> Task:
    """Classes of passages by one of transformers' encoders; encoder, layers: names of its parts."""
    return classify(
        model,
        labelled_passages(),
        embedding=f"{encoder}.embeddings.word_embeddings",
        middle=f"{layers}.1",
        head="classifier",
        trunk=f"{encoder}.embeddings {layers}.0 {layers}.1",
        drop=drop,
    )


def gpt2() -> Task:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=VOCABULARY,
        n_positions=CONTEXT,
        n_embd=WIDTH,
        n_layer=LAYERS,
        n_head=HEADS,
        bos_token_id=0,
        eos_token_id=0,
        attn_implementation="eager",
    )
    return predict_letters(
        GPT2LMHeadModel(config),
        embedding="transformer.wpe",
        middle="transformer.h.1",
        attention="transformer.h.1.attn",
        scores="transformer.h.1.attn.c_attn",
        drop="transformer.drop",
    )


def llama() -> Task:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        max_position_embeddings=CONTEXT,
        bos_token_id=0,
        eos_token_id=0,
    )
    return predict_letters(
        LlamaForCausalLM(config),
        embedding="model.embed_tokens",
        middle="model.layers.1",
        head="lm_head",
        trunk="model.embed_tokens model.layers.0 model.layers.1",
    )


def bert() -> Task:
    from transformers import BertConfig, BertForSequenceClassification

    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=2 * WIDTH,
        max_position_embeddings=CONTEXT,
        num_labels=4,
    )
    model = BertForSequenceClassification(config)
    return classify_passages(model, "bert", "bert.encoder.layer", "dropout")


def distilbert() -> Task:
    from transformers import DistilBertConfig, DistilBertForSequenceClassification

    config = DistilBertConfig(
        vocab_size=VOCABULARY,
        dim=WIDTH,
        n_layers=LAYERS,
        n_heads=HEADS,
        hidden_dim=2 * WIDTH,
        max_position_embeddings=CONTEXT,
        num_labels=4,
    )
    model = DistilBertForSequenceClassification(config)
    layers, drop = "distilbert.transformer.layer", "distilbert.embeddings.dropout"
    return classify_passages(model, "distilbert", layers, drop)


def t5() -> Task:
    """An encoder and a decoder that writes the passage backwards."""
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(
        vocab_size=VOCABULARY,
        d_model=WIDTH,
        d_kv=12,
        d_ff=2 * WIDTH,
        num_layers=2,
        num_heads=HEADS,
        decoder_start_token_id=0,
        pad_token_id=31,
        dropout_rate=0.0,
    )
    model = T5ForConditionalGeneration(config)

    def loss(batch: Batch) -> Tensor:
        return model(input_ids=batch[0], labels=batch[1]).loss

    inputs, _ = passages(12)
    parts = {"embedding": "shared", "middle": "encoder.block.1", "tower": "encoder"}
    return learn(model, loss, (inputs, inputs.flip(1).contiguous()), 16, parts=parts)


class LetterNet(nn.Module):
    """Embedding, recurrent layer, head over all letters."""

    def __init__(self, cell: type[nn.Module] = nn.GRU) -> None:
        super().__init__()
        self.embed = nn.Embedding(VOCABULARY, 32)
        self.rnn = cell(32, 64, batch_first=True)
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(64, VOCABULARY)

    def forward(self, letters: Tensor) -> Tensor:
        return self.head(self.drop(self.rnn(self.embed(letters))[0]))


def letter_gru() -> Task:
    return predict_letters(LetterNet(), embedding="embed", middle="rnn", head="head", drop="drop")


def letter_rnn() -> Task:
    return predict_letters(
        LetterNet(nn.RNN), embedding="embed", middle="rnn", head="head", rnn="rnn"
    )


class Translator(nn.Module):
    """LSTM encoder and decoder with dot-product attention over the encoder's states."""

    def __init__(self) -> None:
        super().__init__()
        self.source = nn.Embedding(VOCABULARY, 32)
        self.target = nn.Embedding(VOCABULARY, 32)
        self.encoder = nn.LSTM(32, 48, batch_first=True)
        self.decoder = nn.LSTM(32, 48, batch_first=True)
        self.attend = nn.Softmax(-1)
        self.mix, self.act = nn.Linear(96, 48), nn.Tanh()
        self.head = nn.Linear(48, VOCABULARY)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        states, last = self.encoder(self.source(source))
        queries, _ = self.decoder(self.target(target), last)
        found = self.attend(queries @ states.mT / 48**0.5) @ states
        return self.head(self.act(self.mix(torch.cat([queries, found], -1))))


def translator() -> Task:
    model, (inputs, _) = Translator(), passages(10)

    def loss(batch: Batch) -> Tensor:
        backwards = batch[0].flip(1)
        logits = model(batch[0], nn.functional.pad(backwards[:, :-1], (1, 0)))
        return nn.functional.cross_entropy(logits.float().flatten(0, 1), backwards.flatten())

    parts = {"embedding": "source", "tower": "encoder", "head": "head", "rnn": "encoder"}
    return learn(model, loss, (inputs,), parts=parts)


class WordVectors(nn.Module):
    """Skip-gram: a table for the word in the middle and one for its neighbours."""

    def __init__(self, words: int = 60) -> None:
        super().__init__()
        self.middle, self.around = nn.Embedding(words, 24), nn.Embedding(words, 24)

    def forward(self, words: Tensor) -> Tensor:
        return self.middle(words) @ self.around(torch.arange(60)).mT


def word2vec() -> Task:
    return classify(
        WordVectors(), word_pairs(), 128, embedding="middle", middle="around", head="around"
    )


class PackedTransformer(nn.Module):
    """Pre-norm decoder of torch's own layers, with learned places and a causal mask."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(VOCABULARY, WIDTH)
        self.places = nn.Embedding(CONTEXT, WIDTH)
        layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, 2 * WIDTH, 0.1, "gelu", batch_first=True, norm_first=True
        )
        self.body = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, VOCABULARY)

    def forward(self, letters: Tensor) -> Tensor:
        length = letters.shape[1]
        tokens = self.embed(letters) + self.places(torch.arange(length))
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        return self.head(self.norm(self.body(tokens, mask, is_causal=True)))


def decoder() -> Task:
    return predict_letters(
        PackedTransformer(), embedding="embed", middle="body.layers.1", head="head"
    )
