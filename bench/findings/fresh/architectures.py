"""The fresh set's architectures, with how each is trained in health."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bench.findings.fresh import (
    games,
    pictures,
    sequences,
    tables,
)
from bench.findings.wide.architecture import FRESH_A, Architecture
from bench.findings.wide.training import Recipe, Task, cosine, one_cycle, step_decay


def _own(
    half: str, build: Callable[[], Task], recipe: Recipe, *, frozen: bool = False
) -> Architecture:
    return Architecture(build.__name__, build, lambda: replace(recipe), half, frozen)


FRESH: Final = (
    _own(FRESH_A, pictures.densenet, Recipe("sgd", 0.05, 100, 1e-4, schedule=cosine)),
    _own(FRESH_A, pictures.swin, Recipe("adamw", 5e-3, 120, 0.05, schedule=cosine)),
    _own(FRESH_A, pictures.gmlp, Recipe("adam", 2e-3, 120)),
    _own(FRESH_A, pictures.lenet, Recipe("sgd", 0.05, 200, schedule=step_decay)),
    _own(FRESH_A, pictures.crnn, Recipe("adam", 3e-3, 100, clip=5.0)),
    _own(FRESH_A, pictures.pointnet, Recipe("adam", 2e-3, 150)),
    _own(FRESH_A, pictures.byol, Recipe("adamw", 2e-3, 150, 1e-3)),
    _own(FRESH_A, pictures.distilled, Recipe("rmsprop", 1e-3, 200)),
    _own(FRESH_A, pictures.vector_quantised, Recipe("adam", 2e-3, 160)),
    _own(FRESH_A, sequences.roberta, Recipe("adamw", 1e-3, 110, 0.01, clip=1.0)),
    _own(FRESH_A, sequences.albert, Recipe("adamw", 1e-3, 110, 0.01)),
    _own(FRESH_A, sequences.opt, Recipe("adamw", 3e-3, 110, 0.1, schedule=cosine, clip=1.0)),
    _own(FRESH_A, sequences.mixtral, Recipe("adam", 3e-3, 100)),
    _own(FRESH_A, sequences.bart, Recipe("adamw", 2e-3, 100, schedule=one_cycle)),
    _own(FRESH_A, sequences.tagger, Recipe("adam", 5e-3, 120, clip=1.0)),
    _own(FRESH_A, sequences.nbeats, Recipe("adam", 1e-3, 200)),
    _own(FRESH_A, tables.table_resnet, Recipe("adamw", 1e-3, 200, 0.05)),
    _own(FRESH_A, tables.feature_tokens, Recipe("adamw", 2e-3, 140, 1e-4)),
    _own(FRESH_A, tables.graph_isomorphism, Recipe("adam", 3e-3, 160)),
    _own(FRESH_A, tables.mixture_density, Recipe("adam", 3e-3, 250)),
    _own(FRESH_A, tables.neural_ode, Recipe("sgd", 0.05, 180)),
    _own(FRESH_A, games.advantage_actor_critic, Recipe("rmsprop", 2e-3, 180, clip=0.5)),
    _own(FRESH_A, games.least_squares_gan, Recipe("adam", 1e-3, 200)),
    _own(FRESH_A, games.score_matching, Recipe("adam", 2e-3, 200, average=0.99)),
)
