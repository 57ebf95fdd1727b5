"""The set's architectures, with how each is trained in health."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bench.findings.fresh_c import dense, games, pictures, sequences, tables
from bench.findings.wide.architecture import FRESH_C, Architecture
from bench.findings.wide.training import Recipe, Task, cosine, one_cycle, step_decay


def warmed(share: float) -> float:
    """A fifth of warm-up, then as the square root has it."""
    return share / 0.2 + 0.02 if share < 0.2 else (0.2 / share) ** 0.5


def _own(build: Callable[[], Task], recipe: Recipe, *, frozen: bool = False) -> Architecture:
    return Architecture(build.__name__, build, lambda: replace(recipe), FRESH_C, frozen)


FRESH_C_ARCHITECTURES: Final = (
    _own(pictures.tutorial_cnn, Recipe("adam", 1e-3, 280)),
    _own(pictures.vgg, Recipe("sgd", 0.02, 150, 5e-4, schedule=step_decay)),
    _own(pictures.squeezenet, Recipe("adam", 1e-3, 240)),
    _own(pictures.preact_resnet, Recipe("sgd", 0.05, 160, 1e-4, schedule=cosine)),
    _own(pictures.transfer, Recipe("adam", 1e-3, 160), frozen=True),
    _own(pictures.spatial_transformer, Recipe("sgd", 0.02, 240)),
    _own(pictures.cnn_lstm, Recipe("adam", 2e-3, 220)),
    _own(dense.detector, Recipe("adam", 2e-3, 220)),
    _own(dense.super_resolution, Recipe("adam", 1e-3, 200)),
    _own(dense.denoiser, Recipe("adam", 1e-3, 150)),
    _own(dense.mae, Recipe("adamw", 3e-3, 240, 0.05, schedule=cosine)),
    _own(dense.dit, Recipe("adamw", 1e-3, 220, average=0.99)),
    _own(sequences.text_cnn, Recipe("adam", 2e-3, 220)),
    _own(sequences.bilstm, Recipe("adam", 4e-3, 200, clip=5.0)),
    _own(sequences.ctc_speech, Recipe("adam", 4e-3, 200, clip=5.0)),
    _own(sequences.series_transformer, Recipe("adam", 1e-3, 240, schedule=warmed)),
    _own(sequences.stock_lstm, Recipe("adam", 3e-3, 220)),
    _own(sequences.nano_gpt, Recipe("adamw", 3e-3, 220, 0.1, schedule=one_cycle, clip=1.0)),
    _own(tables.entity_embeddings, Recipe("adam", 5e-3, 240)),
    _own(tables.bag_of_words, Recipe("adam", 2e-3, 250)),
    _own(tables.house_prices, Recipe("sgd", 0.01, 250)),
    _own(tables.fraud, Recipe("adam", 2e-3, 250)),
    _own(tables.pinn, Recipe("adam", 3e-3, 250)),
    _own(tables.deeponet, Recipe("adam", 2e-3, 250)),
    _own(tables.mpnn, Recipe("adam", 3e-3, 240)),
    _own(games.wgan_gp, Recipe("rmsprop", 4e-4, 300)),
    _own(games.soft_actor_critic, Recipe("adam", 1e-3, 260)),
)
