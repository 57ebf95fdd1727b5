"""The set's architectures, with how each is trained in health."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bench.findings.fresh_d import dense, games, pictures, sequences, tables
from bench.findings.wide.architecture import FRESH_D, Architecture
from bench.findings.wide.training import Recipe, Task, cosine, one_cycle


def falling(share: float) -> float:
    """A tenth of warm-up, then in a line to 0, as transformers' Trainer has it."""
    return share / 0.1 + 0.02 if share < 0.1 else (1 - share) / 0.9


def _own(build: Callable[[], Task], recipe: Recipe, *, frozen: bool = False) -> Architecture:
    return Architecture(build.__name__, build, lambda: replace(recipe), FRESH_D, frozen)


FRESH_D_ARCHITECTURES: Final = (
    _own(pictures.mnist_mlp, Recipe("sgd", 0.05, 250)),
    _own(pictures.efficientnet, Recipe("sgd", 0.05, 150, 1e-4, schedule=cosine)),
    _own(pictures.convmixer, Recipe("adamw", 3e-3, 110, 0.01, schedule=one_cycle)),
    _own(pictures.se_resnet, Recipe("sgd", 0.05, 150, 1e-4)),
    _own(pictures.triplet_net, Recipe("adam", 1e-3, 200)),
    _own(pictures.lora_vit, Recipe("adamw", 5e-3, 160), frozen=True),
    _own(pictures.edge_conv, Recipe("adam", 4e-3, 180)),
    _own(pictures.keyword_net, Recipe("adam", 3e-3, 200)),
    _own(dense.dice_unet, Recipe("adam", 2e-3, 130)),
    _own(dense.segformer, Recipe("adamw", 3e-3, 150, 0.01, schedule=falling)),
    _own(dense.detr, Recipe("adamw", 2e-3, 180, 1e-4, clip=1.0)),
    _own(sequences.qwen, Recipe("adamw", 3e-3, 160, 0.1, schedule=cosine, clip=1.0)),
    _own(sequences.mamba, Recipe("adamw", 4e-3, 110, clip=1.0)),
    _own(sequences.rwkv, Recipe("adam", 4e-3, 120)),
    _own(sequences.deberta, Recipe("adamw", 1e-3, 180, 0.01, schedule=falling)),
    _own(sequences.whisper, Recipe("adamw", 2e-3, 200, schedule=falling, clip=1.0)),
    _own(sequences.date_writer, Recipe("adam", 5e-3, 220, clip=1.0)),
    _own(sequences.word_lstm, Recipe("adam", 1e-2, 220, clip=0.5)),
    _own(sequences.text_vae, Recipe("adam", 4e-3, 240)),
    _own(tables.patch_tst, Recipe("adam", 1e-3, 200)),
    _own(tables.deep_ar, Recipe("adam", 3e-3, 200, clip=10.0)),
    _own(tables.two_tower, Recipe("adam", 3e-3, 240)),
    _own(tables.deep_survival, Recipe("adam", 2e-3, 250)),
    _own(tables.poisson_demand, Recipe("adam", 2e-3, 250)),
    _own(tables.many_experts, Recipe("adam", 3e-3, 250)),
    _own(tables.graph_attention, Recipe("adam", 3e-3, 200)),
    _own(tables.oscillator, Recipe("adam", 3e-3, 280)),
    _own(games.dueling_dqn, Recipe("adam", 1e-3, 280)),
    _own(games.conditional_gan, Recipe("adam", 5e-4, 280)),
    _own(games.masked_flow, Recipe("adam", 5e-3, 250)),
)
