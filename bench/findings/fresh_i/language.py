"""Networks that read and write: five of transformers, and those that people write themselves."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_i import data
from bench.findings.wide.training import Batch, Task, classify, learn, logits_of


def next_token_loss(logits: Tensor, tokens: Tensor) -> Tensor:
    return functional.cross_entropy(logits[:, :-1].flatten(0, 1).float(), tokens[:, 1:].flatten())


def gpt_neo() -> Task:
    """A decoder with attention to all and to neighbours in turn."""
    from transformers import GPTNeoConfig, GPTNeoForCausalLM

    config: Any = GPTNeoConfig(
        vocab_size=48,
        hidden_size=48,
        num_layers=2,
        num_heads=4,
        attention_types=[[["global", "local"], 1]],
        window_size=8,
        intermediate_size=96,
        max_position_embeddings=32,
        bos_token_id=1,
        eos_token_id=2,
    )
    model: Any = GPTNeoForCausalLM(config)

    def loss(batch: Batch) -> Tensor:
        return next_token_loss(model(batch[0]).logits, batch[0])

    parts = {"embedding": "transformer.wte", "first": "transformer.h.0", "head": "lm_head"}
    parts |= {"middle": "transformer.h.1", "trunk": "transformer.h"}
    return learn(model, loss, (data.chains(),), 24, parts=parts)


class Adapter(nn.Module):
    """LoRA around a frozen layer."""

    def __init__(self, base: nn.Linear, rank: int = 6) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        self.down = nn.Linear(base.in_features, rank, bias=False)
        self.up = nn.Linear(rank, base.out_features, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, values: Tensor) -> Tensor:
        told: Tensor = self.base(values) + 2 * self.up(self.down(values))
        return told


def lora_stable_lm() -> Task:
    """A decoder that knows one text learns another by adapters of queries, values and the MLP."""
    from transformers import StableLmConfig, StableLmForCausalLM

    config: Any = StableLmConfig(
        vocab_size=48,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=32,
        bos_token_id=1,
        eos_token_id=2,
    )
    model: Any = StableLmForCausalLM(config)

    def loss(batch: Batch) -> Tensor:
        return next_token_loss(model(batch[0]).logits, batch[0])

    chains = data.chains(kinds=40)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    for rows in chains.split(32):
        optimizer.zero_grad()
        loss((rows,)).backward()
        optimizer.step()
    model.requires_grad_(False)
    for layer in model.model.layers:
        for owner, name in (
            (layer.self_attn, "q_proj"),
            (layer.self_attn, "v_proj"),
            (layer.mlp, "up_proj"),
            (layer.mlp, "down_proj"),
        ):
            setattr(owner, name, Adapter(getattr(owner, name)))
    adapters = [
        f"{name}.{part}"
        for name, module in model.named_modules()
        if isinstance(module, Adapter)
        for part in ("down", "up")
    ]
    parts = {"adapters": " ".join(adapters), "first": adapters[0], "head": "lm_head"}
    parts |= {"norm": "model.norm"}
    return learn(model, loss, (data.chains(kinds=36),), 24, parts=parts)


def esm() -> Task:
    """Amino acids that were masked, from those around them."""
    from transformers import EsmConfig, EsmForMaskedLM

    config: Any = EsmConfig(
        vocab_size=33,
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=96,
        max_position_embeddings=64,
        position_embedding_type="rotary",
        mask_token_id=32,
        pad_token_id=1,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    model: Any = EsmForMaskedLM(config)
    model.__dict__["masked_share"] = 0.15

    def loss(batch: Batch) -> Tensor:
        tokens = batch[0]
        hidden = torch.rand(tokens.shape) < model.masked_share
        hidden[:, 0] = True
        told = model(tokens.masked_fill(hidden, 32)).logits
        return functional.cross_entropy(told[hidden].float(), tokens[hidden])

    parts = {"embedding": "esm.embeddings.word_embeddings", "head": "lm_head.decoder"}
    parts |= {"first": "esm.encoder.layer.0", "middle": "esm.encoder.layer.1"}
    return learn(model, loss, (data.proteins(),), 24, parts=parts | {"trunk": "esm.encoder"})


def squeeze_bert() -> Task:
    from transformers import SqueezeBertConfig, SqueezeBertForSequenceClassification

    config: Any = SqueezeBertConfig(
        vocab_size=100,
        hidden_size=48,
        embedding_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=96,
        max_position_embeddings=32,
        num_labels=4,
        q_groups=2,
        k_groups=2,
        v_groups=2,
        output_groups=2,
        intermediate_groups=2,
    )
    model: Any = SqueezeBertForSequenceClassification(config)

    def loss(batch: Batch) -> Tensor:
        told = logits_of(model(batch[0], attention_mask=batch[0] != 0))
        return functional.cross_entropy(told.float(), batch[1])

    tokens, topics, _ = data.topical_texts()
    words = "transformer.embeddings.word_embeddings"
    layer = "transformer.encoder.layers"
    parts = {"embedding": words, "first": f"{layer}.0", "middle": f"{layer}.1"}
    parts |= {"head": "classifier", "trunk": "transformer.embeddings transformer.encoder"}
    return learn(model, loss, (tokens, topics), 24, parts=parts, classes=topics)


def blenderbot() -> Task:
    """Says a question again in other words."""
    from transformers import BlenderbotSmallConfig, BlenderbotSmallForConditionalGeneration

    config: Any = BlenderbotSmallConfig(
        vocab_size=20,
        d_model=48,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=96,
        decoder_ffn_dim=96,
        max_position_embeddings=32,
        dropout=0.05,
    )
    model: Any = BlenderbotSmallForConditionalGeneration(config)

    def loss(batch: Batch) -> Tensor:
        asked, answer = batch
        told = model(input_ids=asked, labels=answer).logits
        return functional.cross_entropy(told.flatten(0, 1).float(), answer.flatten())

    side = "model.encoder.layers.0", "model.decoder.layers.0"
    parts = {"embedding": "model.shared", "first": side[0], "middle": side[1], "head": "lm_head"}
    return learn(model, loss, data.questions(), 32, parts=parts | {"trunk": side[0]})


class TorchEncoder(nn.Module):
    """PyTorch's own TransformerEncoder over words and their places."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(40, width), nn.Embedding(16, width)
        layer = nn.TransformerEncoderLayer(width, 4, 64, 0.05, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(width, 2)

    def forward(self, tokens: Tensor) -> Tensor:
        values = self.words(tokens) + self.places(torch.arange(tokens.shape[1]))
        logits: Tensor = self.head(self.encoder(values).mean(1))
        return logits


def torch_encoder() -> Task:
    """Which of two words comes first."""
    layer = "encoder.layers"
    parts = {"embedding": "words", "places": "places", "first": f"{layer}.0", "head": "head"}
    parts |= {"middle": f"{layer}.1", "trunk": "words places encoder"}
    return classify(TorchEncoder(), data.ordered_texts(), 32, **parts)


class AttentionLstm(nn.Module):
    """Words through an LSTM in both directions; attention weighs what it gave for each."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.words = nn.Embedding(100, 24, padding_idx=0)
        self.lstm = nn.LSTM(24, width, batch_first=True, bidirectional=True)
        self.score, self.drop = nn.Linear(2 * width, 1), nn.Dropout(0.1)
        self.head = nn.Linear(2 * width, 4)
        self.temperature = 1.0

    def weigh(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """What the LSTM gives (B, T, C), and the weight of each place (B, T)."""
        values = self.lstm(self.words(tokens))[0]
        scores = self.score(values)[..., 0].masked_fill(tokens == 0, -torch.inf)
        return values, (scores / self.temperature).softmax(1)

    def forward(self, tokens: Tensor) -> Tensor:
        values, weights = self.weigh(tokens)
        logits: Tensor = self.head(self.drop((weights[..., None] * values).sum(1)))
        return logits


def attention_lstm() -> Task:
    tokens, topics, _ = data.topical_texts()
    parts = {"embedding": "words", "first": "lstm", "middle": "lstm", "head": "head"}
    return classify(AttentionLstm(), (tokens, topics), 32, **parts, trunk="lstm", scores="score")


def char_cnn() -> Task:
    """Which of six languages letters are of, by convolutions over single letters."""

    class Letters(nn.Sequential):
        def forward(self, letters: Tensor) -> Tensor:
            return super().forward(letters.long())

    layers: list[nn.Module] = [nn.Embedding(27, 16), _Turned()]
    for given, width in ((16, 48), (48, 48), (48, 48)):
        layers += [nn.Conv1d(given, width, 4, padding=1), nn.ReLU(), nn.MaxPool1d(2)]
    layers += [nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(48, 32), nn.ReLU()]
    model = Letters(*layers, nn.Linear(32, 6))
    parts = {"embedding": "0", "first": "2", "middle": "5", "head": "15", "trunk": "2 5"}
    return classify(model, data.letters(), 32, **parts)


class _Turned(nn.Module):
    """Channels in front of places."""

    def forward(self, values: Tensor) -> Tensor:
        return values.transpose(1, 2)


class TitlePrice(nn.Module):
    """A title's words and five numbers, each through a tower; a gate weighs the title."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(80, 24)
        self.title = nn.Sequential(nn.Linear(24, 32), nn.ReLU(), nn.Linear(32, 24))
        self.numbers = nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Linear(32, 24), nn.ReLU())
        self.gate = nn.Linear(48, 24)
        self.open = nn.Sigmoid()
        self.head = nn.Sequential(nn.Linear(48, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, numbers: Tensor, titles: Tensor) -> Tensor:
        title, own = self.title(self.words(titles).mean(1)), self.numbers(numbers)
        title = title * self.open(self.gate(torch.cat([title, own], 1)))
        price: Tensor = self.head(torch.cat([title, own], 1))[:, 0]
        return price


def title_price() -> Task:
    """What a thing is sold for."""
    model = TitlePrice()

    def loss(batch: Batch) -> Tensor:
        return functional.mse_loss(model(batch[0], batch[1]).float(), batch[2])

    parts = {"embedding": "words", "first": "numbers.0", "middle": "numbers.2", "head": "head.2"}
    parts |= {"branch": "words title", "trunk": "numbers", "gate": "gate", "tower": "title"}
    return learn(model, loss, data.adverts(), 32, parts=parts)
