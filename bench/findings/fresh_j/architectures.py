"""The set's architectures, with how each is trained in health."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bench.findings.fresh_j import language, made, pictures, tables
from bench.findings.wide.architecture import FRESH_J, Architecture
from bench.findings.wide.training import Recipe, Task, cosine, one_cycle, step_decay


def _own(build: Callable[[], Task], recipe: Recipe, *, frozen: bool = False) -> Architecture:
    return Architecture(build.__name__, build, lambda: replace(recipe), FRESH_J, frozen)


FRESH_J_ARCHITECTURES: Final = (
    _own(pictures.strided_cnn, Recipe("adam", 2e-3, 120)),
    _own(pictures.basic_resnet, Recipe("sgd", 0.03, 80, 1e-4)),
    _own(pictures.pool_former, Recipe("adamw", 3e-3, 80, 0.02, schedule=cosine)),
    _own(pictures.reg_net, Recipe("sgd", 0.05, 80, 1e-4, schedule=one_cycle)),
    _own(pictures.tiny_vit, Recipe("adamw", 2e-3, 100, 0.02, clip=1.0)),
    _own(pictures.age_estimator, Recipe("adam", 3e-3, 120)),
    _own(pictures.probe_of_features, Recipe("adam", 3e-3, 120), frozen=True),
    _own(pictures.road_net, Recipe("adam", 3e-3, 80)),
    _own(pictures.ssd_heads, Recipe("adamw", 3e-3, 100, 0.01)),
    _own(pictures.nt_xent, Recipe("adam", 3e-3, 100)),
    _own(made.mlp_autoencoder, Recipe("adam", 2e-3, 140)),
    _own(made.mlp_vae, Recipe("adam", 2e-3, 160)),
    _own(made.ls_gan, Recipe("adam", 1e-3, 160)),
    _own(made.point_diffusion, Recipe("adamw", 3e-3, 160, 0.01, average=0.98)),
    _own(made.bandit_policy, Recipe("adam", 5e-3, 160)),
    _own(language.granite, Recipe("adamw", 4e-3, 100, 0.01, clip=1.0, schedule=cosine)),
    _own(language.neo_x, Recipe("adamw", 4e-3, 100, 0.01)),
    _own(language.rem_bert, Recipe("adamw", 2e-3, 100, 0.01)),
    _own(language.reverser, Recipe("adam", 3e-3, 120, clip=1.0)),
    _own(language.fast_text, Recipe("adam", 1e-2, 160)),
    _own(language.gru_reviews, Recipe("adam", 6e-3, 100, clip=1.0)),
    _own(language.char_gru, Recipe("adam", 6e-3, 100, clip=1.0)),
    _own(tables.titanic_mlp, Recipe("adam", 5e-3, 160)),
    _own(tables.diabetes_net, Recipe("adam", 5e-3, 160)),
    _own(tables.dropout_mlp, Recipe("sgd", 0.05, 160)),
    _own(tables.store_sales, Recipe("adam", 5e-3, 160, schedule=step_decay)),
    _own(tables.mf_ratings, Recipe("adam", 2e-2, 160)),
    _own(tables.layer_norm_table, Recipe("adamw", 3e-3, 160, 0.01)),
    _own(tables.robust_demand, Recipe("adam", 3e-3, 160)),
    _own(tables.glu_table, Recipe("adam", 5e-3, 160)),
    _own(tables.shared_bottom, Recipe("adam", 5e-3, 160)),
    _own(tables.wave_cnn, Recipe("sgd", 0.05, 100, 1e-4)),
    _own(tables.lstm_forecast, Recipe("adam", 5e-3, 120, clip=1.0)),
    _own(tables.seq_autoencoder, Recipe("adam", 1e-2, 140, clip=1.0)),
    _own(tables.dense_graph, Recipe("adam", 5e-3, 140)),
)
