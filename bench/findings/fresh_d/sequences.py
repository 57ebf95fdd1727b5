"""Networks that read or write words, letters and sounds."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_c.data import PHONES, WORDS, reviews, sentences, utterances
from bench.findings.fresh_d import data
from bench.findings.wide.training import Batch, Task, classify_tokens, learn


def qwen() -> Task:
    """transformers' Qwen 3: grouped queries, norms of queries and keys, gated layers."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    config = Qwen3Config(
        vocab_size=data.STORY_WORDS,
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=12,
        max_position_embeddings=32,
        tie_word_embeddings=False,
        bos_token_id=0,
        eos_token_id=0,
    )
    parts = {"embedding": "model.embed_tokens", "middle": "model.layers.1", "head": "lm_head"}
    parts |= {"trunk": "model.embed_tokens model.layers.0"}
    return classify_tokens(Qwen3ForCausalLM(config), data.stories(), **parts)


def mamba() -> Task:
    """transformers': a selective state space."""
    from transformers import MambaConfig, MambaForCausalLM

    config = MambaConfig(
        vocab_size=13,
        hidden_size=32,
        state_size=8,
        num_hidden_layers=2,
        conv_kernel=4,
        use_cache=False,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=0,
    )
    parts = {"embedding": "backbone.embeddings", "middle": "backbone.layers.1"}
    return classify_tokens(MambaForCausalLM(config), sentences(), **parts)


def rwkv() -> Task:
    """transformers': attention in linear time with a decay for each channel."""
    from transformers import RwkvConfig, RwkvForCausalLM

    config = RwkvConfig(
        vocab_size=data.STORY_WORDS,
        context_length=24,
        hidden_size=40,
        num_hidden_layers=2,
        intermediate_size=80,
        use_cache=False,
        bos_token_id=0,
        eos_token_id=0,
    )
    parts = {"embedding": "rwkv.embeddings", "middle": "rwkv.blocks.1", "head": "head"}
    return classify_tokens(RwkvForCausalLM(config), data.stories(), **parts)


def deberta() -> Task:
    """transformers' DeBERTa over padded reviews, with attention to relative places."""
    from transformers import DebertaV2Config, DebertaV2ForSequenceClassification

    config = DebertaV2Config(
        vocab_size=WORDS + 1,
        hidden_size=40,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=80,
        max_position_embeddings=32,
        relative_attention=True,
        pos_att_type=["p2c", "c2p"],
        type_vocab_size=0,
        num_labels=2,
        pooler_hidden_size=40,
    )
    model = DebertaV2ForSequenceClassification(config)

    def loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(
            model(batch[0], attention_mask=(batch[0] > 0).long()).logits.float(), batch[2]
        )

    layers = "deberta.encoder.layer"
    parts = {"embedding": "deberta.embeddings.word_embeddings", "middle": f"{layers}.1"}
    parts |= {"head": "classifier", "dropout": "dropout"}
    parts |= {"trunk": f"deberta.embeddings {layers}.0 {layers}.1"}
    return learn(model, loss, reviews(), 32, parts=parts, classes=reviews()[2])


def whisper() -> Task:
    """transformers': frames of sound are read, phones are written."""
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    config = WhisperConfig(
        vocab_size=PHONES + 1,
        num_mel_bins=12,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        d_model=40,
        encoder_ffn_dim=80,
        decoder_ffn_dim=80,
        max_source_positions=16,
        max_target_positions=8,
        pad_token_id=0,
        bos_token_id=PHONES,
        eos_token_id=0,
        decoder_start_token_id=PHONES,
        use_cache=False,
    )
    model = WhisperForConditionalGeneration(config)

    def loss(batch: Batch) -> Tensor:
        begun = functional.pad(batch[1][:, :-1], (1, 0), value=PHONES)
        sound = batch[0].transpose(1, 2)
        logits = model(input_features=sound, decoder_input_ids=begun).logits.float()
        return functional.cross_entropy(logits.flatten(0, 1), batch[1].flatten())

    parts = {"first": "model.encoder.conv1", "embedding": "model.decoder.embed_tokens"}
    parts |= {"middle": "model.decoder.layers.0", "trunk": "model.encoder"}
    return learn(model, loss, utterances(), 24, parts=parts)


class DateWriter(nn.Module):
    """An LSTM reads, another writes and looks at what was read (Luong's attention)."""

    def __init__(self) -> None:
        super().__init__()
        letters = len(data.DATE_LETTERS)
        self.read, self.write = nn.Embedding(letters, 24), nn.Embedding(letters, 24)
        self.encoder = nn.LSTM(24, 48, batch_first=True)
        self.decoder = nn.LSTM(24, 48, batch_first=True)
        self.join, self.out = nn.Linear(96, 48), nn.Linear(48, letters)

    def forward(self, given: Tensor, before: Tensor) -> Tensor:
        states, last = self.encoder(self.read(given))
        hidden, _ = self.decoder(self.write(before), last)
        looks = (hidden @ states.transpose(1, 2)).softmax(2)
        return self.out(self.join(torch.cat([hidden, looks @ states], 2)).tanh())


def date_writer() -> Task:
    model = DateWriter()

    def loss(batch: Batch) -> Tensor:
        before = functional.pad(batch[1][:, :-1], (1, 0))
        logits = model(batch[0], before).float()
        return functional.cross_entropy(logits.flatten(0, 1), batch[1].flatten())

    parts = {"embedding": "read", "first": "read", "middle": "decoder", "head": "out"}
    parts |= {"trunk": "read encoder", "recurrent": "encoder decoder"}
    return learn(model, loss, data.dates(), 32, parts=parts)


class WordLstm(nn.Module):
    """AWD-LSTM's shape: dropout in many places, what reads words also writes them."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(data.STORY_WORDS, 40)
        nn.init.uniform_(self.embedding.weight, -0.1, 0.1)
        self.drop_in, self.drop_out = nn.Dropout(0.1), nn.Dropout(0.2)
        self.lstm1 = nn.LSTM(40, 64, batch_first=True)
        self.lstm2 = nn.LSTM(64, 40, batch_first=True)
        self.decoder = nn.Linear(40, data.STORY_WORDS)
        self.decoder.weight = self.embedding.weight

    def forward(self, words: Tensor) -> Tensor:
        hidden = self.lstm1(self.drop_in(self.embedding(words)))[0]
        return self.decoder(self.drop_out(self.lstm2(hidden)[0]))


def word_lstm() -> Task:
    parts = {"embedding": "embedding", "middle": "lstm2", "head": "decoder", "first": "embedding"}
    parts |= {"dropout": "drop_out", "recurrent": "lstm1 lstm2"}
    return classify_tokens(WordLstm(), data.stories(), 24, **parts)


class TextVae(nn.Module):
    """Bowman 2015: a phrase becomes a vector, from which an LSTM writes it again."""

    kl_weight = 0.1

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(41, 24)
        self.encoder = nn.GRU(24, 40, batch_first=True)
        self.mu, self.logvar = nn.Linear(40, 8), nn.Linear(40, 8)
        self.start = nn.Linear(8, 40)
        self.decoder = nn.GRU(24, 40, batch_first=True)
        self.out = nn.Linear(40, 41)

    def forward(self, words: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        last = self.encoder(self.embedding(words))[1][0]
        mu, logvar = self.mu(last).float(), self.logvar(last).float()
        latent = mu + (0.5 * logvar).exp() * torch.randn_like(mu)
        before = self.embedding(functional.pad(words[:, :-1], (1, 0)))
        return self.out(self.decoder(before, self.start(latent)[None])[0]).float(), mu, logvar


def text_vae() -> Task:
    model = TextVae()

    def loss(batch: Batch) -> Tensor:
        logits, mu, logvar = model(batch[0])
        written = functional.cross_entropy(logits.flatten(0, 1), batch[0].flatten())
        divergence = 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(1).mean() / 8
        return written + model.kl_weight * divergence

    parts = {"embedding": "embedding", "middle": "decoder", "head": "out", "first": "embedding"}
    parts |= {"latent": "mu logvar start", "recurrent": "encoder decoder"}
    return learn(model, loss, (data.phrases(),), 32, parts=parts)
