"""Networks that read or write texts."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_e import data
from bench.findings.wide.data import VOCABULARY, labelled_passages, language, passages
from bench.findings.wide.training import (
    Batch,
    Recipe,
    Task,
    Training,
    classify_tokens,
    learn,
    make_optimizers,
)


def _bloom() -> nn.Module:
    from transformers import BloomConfig, BloomForCausalLM

    config = BloomConfig(vocab_size=VOCABULARY, hidden_size=48, n_layer=3, n_head=4)
    config.initializer_range = 0.05
    config.use_cache = False
    return BloomForCausalLM(config)


def bloom() -> Task:
    """transformers': distances instead of positions (ALiBi), the last layer is the embedding."""
    parts = {"embedding": "transformer.word_embeddings", "middle": "transformer.h.1"}
    trunk = "transformer.h.0 transformer.h.1"
    return classify_tokens(_bloom(), passages(), trunk=trunk, head="lm_head", **parts)


class Lora(nn.Module):
    """A frozen layer and a product of low rank that starts at 0."""

    def __init__(self, base: nn.Linear, rank: int = 8) -> None:
        super().__init__()
        self.base, self.scale = base, 16 / rank
        self.lora_a = nn.Linear(base.in_features, rank, bias=False)
        self.lora_b = nn.Linear(rank, base.out_features, bias=False)
        nn.init.zeros_(self.lora_b.weight)

    def forward(self, given: Tensor) -> Tensor:
        return self.base(given) + self.scale * self.lora_b(self.lora_a(given))


def lora_bloom() -> Task:
    """It knows a language, and learns by adapters alone to write it backwards."""
    model = _bloom()
    state = torch.get_rng_state()
    before = Training(classify_tokens(model, passages()), Recipe("adamw", 3e-3, 80))
    before.optimizers = make_optimizers(before)
    for step in range(80):
        before.step(step)
    torch.set_rng_state(state)
    model.requires_grad_(False)
    names = []
    for place, block in enumerate(model.transformer.h):
        block.self_attention.query_key_value = Lora(block.self_attention.query_key_value)
        block.mlp.dense_h_to_4h = Lora(block.mlp.dense_h_to_4h)
        for layer in ("self_attention.query_key_value", "mlp.dense_h_to_4h"):
            names += [f"transformer.h.{place}.{layer}.lora_{each}" for each in "ab"]
    texts = tuple(each.flip(1) for each in reversed(passages()))
    return classify_tokens(model, texts, middle="transformer.h.1", adapters=" ".join(names))


def fnet() -> Task:
    """transformers': Fourier transforms in the place of attention."""
    from transformers import FNetConfig, FNetForSequenceClassification

    config = FNetConfig(
        vocab_size=VOCABULARY,
        hidden_size=48,
        num_hidden_layers=2,
        intermediate_size=96,
        max_position_embeddings=32,
        type_vocab_size=2,
        num_labels=4,
        pad_token_id=0,
        initializer_range=0.05,
    )
    model = FNetForSequenceClassification(config)

    def loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(model(batch[0]).logits.float(), batch[1])

    texts = labelled_passages()
    parts = {"embedding": "fnet.embeddings.word_embeddings", "middle": "fnet.encoder.layer.1"}
    parts |= {"head": "classifier", "trunk": "fnet.embeddings fnet.encoder.layer.0"}
    return learn(model, loss, texts, 24, parts=parts, classes=texts[1])


def marian() -> Task:
    """transformers': the translator with fixed positions, both alphabets in one embedding."""
    from transformers import MarianConfig, MarianMTModel

    config = MarianConfig(
        vocab_size=24,
        d_model=48,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=96,
        decoder_ffn_dim=96,
        max_position_embeddings=16,
        pad_token_id=0,
        eos_token_id=2,
        decoder_start_token_id=1,
        init_std=0.1,
        dropout=0.0,
        scale_embedding=True,
    )
    model = MarianMTModel(config)

    def loss(batch: Batch) -> Tensor:
        words, coded = batch
        begun = torch.cat([torch.ones_like(coded[:, :1]), coded[:, :-1]], 1)
        logits = model(input_ids=words, decoder_input_ids=begun, use_cache=False).logits
        return functional.cross_entropy(logits.float().flatten(0, 1), coded.flatten())

    parts = {"embedding": "model.shared", "trunk": "model.encoder.layers.0 model.encoder.layers.1"}
    parts |= {"middle": "model.encoder.layers.1", "branch": "model.decoder.layers.1"}
    return learn(model, loss, data.coded_words(), 32, parts=parts)


def olmoe() -> Task:
    """transformers': each token goes to two of six experts."""
    from transformers import OlmoeConfig, OlmoeForCausalLM

    config = OlmoeConfig(
        vocab_size=VOCABULARY,
        hidden_size=40,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        num_experts=6,
        num_experts_per_tok=2,
        max_position_embeddings=32,
        use_cache=False,
        pad_token_id=None,
        eos_token_id=None,
    )
    config.initializer_range = 0.05
    model = OlmoeForCausalLM(config)
    parts = {"embedding": "model.embed_tokens", "middle": "model.layers.0", "head": "lm_head"}
    parts |= {"gate": "model.layers.0.mlp.gate", "trunk": "model.embed_tokens model.layers.0"}
    return classify_tokens(model, passages(), 12, **parts)


def conv_bert() -> Task:
    """transformers': half of the heads are convolutions that depend on the text; tags of words."""
    from transformers import ConvBertConfig, ConvBertForTokenClassification

    config = ConvBertConfig(
        vocab_size=40,
        hidden_size=48,
        embedding_size=24,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=96,
        max_position_embeddings=20,
        conv_kernel_size=5,
        num_labels=5,
        initializer_range=0.05,
    )
    model = ConvBertForTokenClassification(config)
    parts = {"embedding": "convbert.embeddings.word_embeddings", "head": "classifier"}
    parts |= {"middle": "convbert.encoder.layer.0", "trunk": "convbert.encoder.layer"}
    return classify_tokens(model, data.tagged_words(), 16, **parts)


class Letters(nn.Module):
    """Letters in order; the state is kept from one part of the text to the next."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.embed = nn.Embedding(VOCABULARY, 16)
        self.lstm1 = nn.LSTMCell(16, width)
        self.lstm2 = nn.LSTMCell(width, width)
        self.decode = nn.Linear(width, VOCABULARY)
        self.states: list[tuple[Tensor, Tensor]] = []

    def forward(self, texts: Tensor) -> Tensor:
        given, outputs = self.embed(texts), []
        if not self.states or len(self.states[0][0]) != len(texts):
            zero = given.new_zeros(len(texts), self.lstm1.hidden_size)
            self.states = [(zero, zero), (zero, zero)]
        one, two = ((hidden.detach(), cell.detach()) for hidden, cell in self.states)
        for place in range(texts.shape[1]):
            one = self.lstm1(given[:, place], one)
            two = self.lstm2(one[0], two)
            outputs.append(two[0])
        self.states = [one, two]
        return self.decode(torch.stack(outputs, 1))


def letter_lstm() -> Task:
    """Eighteen readers go through the text, each from its own place, 16 letters at a time."""
    model, text = Letters(), language()
    readers, length = 18, 16
    own = text[: len(text) // readers * readers].view(readers, -1)

    def draw(step: int) -> Batch:
        begin = step * length % (own.shape[1] - length - 1)
        return own[:, begin : begin + length], own[:, begin + 1 : begin + length + 1]

    def loss(batch: Batch) -> Tensor:
        logits = model(batch[0]).float()
        return functional.cross_entropy(logits.flatten(0, 1), batch[1].flatten())

    parts = {"embedding": "embed", "middle": "lstm1", "head": "decode", "trunk": "embed lstm1"}
    task = learn(model, loss, passages(), 18, parts=parts)
    task.draw = draw
    return task


class BiEncoder(nn.Module):
    """Questions and answers as vectors of length 1, and how sharply they are told apart."""

    def __init__(self) -> None:
        super().__init__()
        self.questions, self.answers = _Reader(), _Reader()
        self.scale = nn.Parameter(torch.tensor(2.66))

    def forward(self, questions: Tensor, answers: Tensor) -> Tensor:
        asked, said = self.questions(questions), self.answers(answers)
        return self.scale.exp() * functional.normalize(asked) @ functional.normalize(said).T


class _Reader(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(330, 32, padding_idx=0)
        self.attention = nn.MultiheadAttention(32, 4, batch_first=True)
        self.norm = nn.LayerNorm(32)
        self.project = nn.Sequential(nn.Linear(32, 48), nn.GELU(), nn.Linear(48, 24))

    def forward(self, texts: Tensor) -> Tensor:
        hidden, empty = self.words(texts), texts == 0
        seen, _ = self.attention(hidden, hidden, hidden, key_padding_mask=empty)
        hidden = self.norm(hidden + seen).masked_fill(empty[..., None], 0)
        return self.project(hidden.sum(1) / (~empty).sum(1, keepdim=True))


def bi_encoder() -> Task:
    """Of all answers in the batch, which belongs to a question?"""
    model = BiEncoder()

    def loss(batch: Batch) -> Tensor:
        scores = model(*batch).float()
        own = torch.arange(len(scores))
        return 0.5 * (
            functional.cross_entropy(scores, own) + functional.cross_entropy(scores.T, own)
        )

    parts = {"embedding": "questions.words", "middle": "questions.attention"}
    parts |= {"head": "answers.project", "branch": "answers", "trunk": "questions"}
    return learn(model, loss, data.questions(), 48, parts=parts)
