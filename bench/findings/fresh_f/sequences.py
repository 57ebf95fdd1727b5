"""Networks that read or write texts, or put things in order."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_f import data
from bench.findings.wide.data import VOCABULARY, labelled_passages, passages
from bench.findings.wide.training import (
    Batch,
    Phase,
    Recipe,
    Task,
    Training,
    classify,
    classify_tokens,
    draw_samples,
    learn,
    make_optimizers,
    token_loss,
)


def modern_bert() -> Task:
    """ModernBERT: rotary places, local attention and gated linear units."""
    from transformers import ModernBertConfig, ModernBertForSequenceClassification

    config = ModernBertConfig(
        vocab_size=VOCABULARY,
        hidden_size=48,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        local_attention=8,
        num_labels=4,
        pad_token_id=0,
        initializer_range=0.05,
        attn_implementation="eager",
    )
    layers = "model.layers"
    embedding = "model.embeddings.tok_embeddings"
    parts = {"embedding": embedding, "middle": f"{layers}.1", "head": "classifier"}
    model = ModernBertForSequenceClassification(config)
    return classify(model, labelled_passages(), 16, **parts, trunk=f"{layers}.0 {layers}.1")


def make_phi(spread: float = 0.05) -> nn.Module:
    from transformers import PhiConfig, PhiForCausalLM

    config = PhiConfig(
        vocab_size=VOCABULARY,
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=3,
        num_attention_heads=4,
        initializer_range=spread,
        use_cache=False,
    )
    return PhiForCausalLM(config)


def phi(spread: float = 0.05) -> Task:
    """Phi: attention and feed-forward side by side."""
    model = make_phi(spread)

    parts = {"embedding": "model.embed_tokens", "middle": "model.layers.1", "head": "lm_head"}
    return classify_tokens(model, passages(), 12, **parts | {"trunk": "model.layers"})


def deepseek() -> Task:
    """DeepSeek-V3: latent attention, and experts of which two of eight are chosen."""
    from transformers import DeepseekV3Config, DeepseekV3ForCausalLM

    config = DeepseekV3Config(
        vocab_size=VOCABULARY,
        hidden_size=48,
        intermediate_size=96,
        moe_intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        n_routed_experts=8,
        n_shared_experts=1,
        num_experts_per_tok=2,
        n_group=1,
        topk_group=1,
        first_k_dense_replace=1,
        kv_lora_rank=16,
        q_lora_rank=24,
        qk_rope_head_dim=8,
        qk_nope_head_dim=8,
        v_head_dim=12,
        initializer_range=0.05,
        use_cache=False,
    )
    model = DeepseekV3ForCausalLM(config)

    parts = {"embedding": "model.embed_tokens", "middle": "model.layers.0", "head": "lm_head"}
    return classify_tokens(model, passages(), 8, **parts | {"trunk": "model.layers.0"})


class PromptTuned(nn.Module):
    """A frozen language model that reads learnt vectors before a text; a new head classifies."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone.requires_grad_(False)
        self.prompts = nn.Embedding(8, 48)
        nn.init.normal_(self.prompts.weight, std=0.1)
        self.head = nn.Linear(48, 4)

    def forward(self, tokens: Tensor) -> Tensor:
        backbone: Any = self.backbone
        prompts = self.prompts(torch.arange(8)).expand(len(tokens), -1, -1)
        words = backbone.embed_tokens(tokens)
        hidden = backbone(inputs_embeds=torch.cat([words, prompts], 1)).last_hidden_state
        logits: Tensor = self.head(hidden[:, -8:].mean(1))
        return logits


def prompt_tuned() -> Task:
    backbone = make_phi()
    before = Training(
        Task({"": backbone}, [Phase((backbone,), lambda b: token_loss(backbone, b))],
             draw_samples(passages(), 12)[0]),
        Recipe("adamw", 3e-3, 40),
    )  # fmt: skip
    before.optimizers = make_optimizers(before)
    for step in range(before.recipe.steps):
        before.step(step)
    model = PromptTuned(backbone.get_submodule("model"))
    parts = {"prompts": "prompts", "head": "head", "middle": "backbone.layers.1"}
    return classify(model, labelled_passages(), 16, **parts)


class SmallWriter(nn.Module):
    """A decoder of two layers over 20 tokens."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(20, width), nn.Embedding(10, width)
        for table in (self.tokens, self.places):
            nn.init.normal_(table.weight, std=0.2)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, 4, 96, 0.0, batch_first=True, norm_first=True)
            for _ in range(2)
        )
        self.norm, self.out = nn.LayerNorm(width), nn.Linear(width, 20)

    def forward(self, tokens: Tensor) -> Tensor:
        length = tokens.shape[1]
        hidden = self.tokens(tokens) + self.places(torch.arange(length))
        future = torch.ones(length, length, dtype=torch.bool).triu(1)
        for layer in self.layers:
            hidden = layer(hidden, src_mask=future)
        logits: Tensor = self.out(self.norm(hidden))
        return logits


def answer_likelihood(model: nn.Module, tokens: Tensor) -> Tensor:
    """Logarithm of how likely the answer (from the fifth token on) is: (N,)."""
    logits = model(tokens[:, :-1]).float().log_softmax(-1)
    return logits.gather(2, tokens[:, 1:, None])[:, 3:, 0].sum(1)


def preference_loss(policy: nn.Module, reference: nn.Module, batch: Batch) -> Tensor:
    gains = []
    for answer in batch:
        with torch.no_grad():
            before = answer_likelihood(reference, answer)
        gains.append(answer_likelihood(policy, answer) - before)
    return functional.softplus(-0.2 * (gains[0] - gains[1])).mean()


def dpo() -> Task:
    """Direct preference optimisation of a writer against its frozen copy."""
    policy = SmallWriter()
    reference = copy.deepcopy(policy).requires_grad_(False)

    def loss(batch: Batch) -> Tensor:
        return preference_loss(policy, reference, batch)

    parts = {"embedding": "tokens", "middle": "layers.0", "head": "out", "trunk": "layers"}
    return learn(policy, loss, data.preferences(), 24, parts=parts)


class Pointer(nn.Module):
    """An encoder reads numbers; a decoder points at the smallest, the next and so on."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.lift = nn.Linear(1, width)
        self.encoder = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.decoder = nn.GRUCell(width, width)
        self.memory, self.query = nn.Linear(2 * width, width), nn.Linear(width, width)
        self.score = nn.Linear(width, 1, bias=False)

    def forward(self, values: Tensor, order: Tensor) -> Tensor:
        lifted = self.lift(values[..., None] - 0.5)
        read, last = self.encoder(lifted)
        memory, hidden = self.memory(read), last[0]
        given, logits = torch.zeros_like(lifted[:, 0]), []
        for step in range(order.shape[1]):
            hidden = self.decoder(given, hidden)
            scores = self.score((memory + self.query(hidden)[:, None]).tanh())[..., 0]
            logits.append(scores)
            given = lifted[torch.arange(len(values)), order[:, step]]
        return torch.stack(logits, 1)


def pointer_net() -> Task:
    model = Pointer()

    def loss(batch: Batch) -> Tensor:
        logits = model(*batch).float()
        return functional.cross_entropy(logits.flatten(0, 1), batch[1].flatten())

    parts = {"first": "lift", "middle": "decoder", "head": "score", "trunk": "encoder"}
    return learn(model, loss, data.heaps(), 48, parts=parts | {"embedding": "lift"})


class CrfTagger(nn.Module):
    """A bidirectional GRU gives scores of tags; a CRF weighs how tags follow each other."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(50, 32)
        self.gru = nn.GRU(32, 24, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.2)
        self.out = nn.Linear(48, 3)
        self.follows = nn.Parameter(torch.zeros(3, 3))

    def forward(self, words: Tensor) -> Tensor:
        scores: Tensor = self.out(self.dropout(self.gru(self.words(words))[0]))
        return scores


def crf_loss(model: CrfTagger, words: Tensor, tags: Tensor) -> Tensor:
    """Minus the logarithm of how likely the tags are, a word."""
    scores = model(words).float()
    own = scores.gather(2, tags[..., None])[..., 0].sum(1)
    own = own + model.follows[tags[:, :-1], tags[:, 1:]].sum(1)
    ways = scores[:, 0]
    for step in range(1, words.shape[1]):
        ways = (ways[:, :, None] + model.follows).logsumexp(1) + scores[:, step]
    return (ways.logsumexp(1) - own).mean() / words.shape[1]


def crf_tagger() -> Task:
    model = CrfTagger()

    def loss(batch: Batch) -> Tensor:
        return crf_loss(model, *batch)

    parts = {"embedding": "words", "middle": "gru", "head": "out", "dropout": "dropout"}
    return learn(model, loss, data.named_entities(), 32, parts=parts | {"trunk": "words"})
