"""The set's architectures, with how each is trained in health."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bench.findings.fresh_i import language, pictures, scenes, series, tables
from bench.findings.wide.architecture import FRESH_I, Architecture
from bench.findings.wide.training import Recipe, Task, cosine, one_cycle, step_decay


def _own(build: Callable[[], Task], recipe: Recipe, *, frozen: bool = False) -> Architecture:
    return Architecture(build.__name__, build, lambda: replace(recipe), FRESH_I, frozen)


FRESH_I_ARCHITECTURES: Final = (
    _own(pictures.edge_next, Recipe("adamw", 4e-3, 80, 0.02, schedule=cosine)),
    _own(pictures.inception_next, Recipe("adamw", 3e-3, 80, 0.02)),
    _own(pictures.da_vit, Recipe("adamw", 3e-3, 80, 0.02, clip=1.0)),
    _own(pictures.dla, Recipe("sgd", 0.02, 90, 1e-4, schedule=cosine)),
    _own(pictures.res2_net, Recipe("sgd", 0.03, 90, 1e-4)),
    _own(pictures.keras_cnn, Recipe("rmsprop", 1e-3, 150, 1e-6)),
    _own(pictures.resnet_9, Recipe("sgd", 0.1, 90, 5e-4, schedule=one_cycle)),
    _own(pictures.feature_extractor, Recipe("adam", 3e-3, 150), frozen=True),
    _own(pictures.two_headed_cnn, Recipe("adam", 3e-3, 120)),
    _own(pictures.angle_net, Recipe("adam", 2e-3, 150)),
    _own(scenes.roi_heads, Recipe("sgd", 0.02, 120, 1e-4)),
    _own(scenes.link_net, Recipe("adam", 3e-3, 90)),
    _own(scenes.conditional_vae, Recipe("adam", 2e-3, 200)),
    _own(scenes.relativistic_gan, Recipe("adam", 5e-4, 160)),
    _own(scenes.class_diffusion, Recipe("adamw", 3e-3, 120, 0.01, average=0.98)),
    _own(scenes.proxy_net, Recipe("adam", 2e-3, 140)),
    _own(language.gpt_neo, Recipe("adamw", 4e-3, 150, 0.01, clip=1.0, schedule=cosine)),
    _own(language.lora_stable_lm, Recipe("adamw", 5e-3, 120), frozen=True),
    _own(language.esm, Recipe("adamw", 3e-3, 160, 0.01)),
    _own(language.squeeze_bert, Recipe("adamw", 2e-3, 140, 0.01)),
    _own(language.blenderbot, Recipe("adamw", 3e-3, 200, clip=1.0)),
    _own(language.torch_encoder, Recipe("adam", 2e-3, 200)),
    _own(language.attention_lstm, Recipe("adam", 6e-3, 150, clip=1.0)),
    _own(language.char_cnn, Recipe("adam", 3e-3, 180)),
    _own(language.title_price, Recipe("adam", 4e-3, 200)),
    _own(tables.bike_demand, Recipe("adam", 5e-3, 200, 1e-5)),
    _own(tables.credit_net, Recipe("adamw", 5e-3, 200, 0.01)),
    _own(tables.higgs_mlp, Recipe("sgd", 0.03, 200)),
    _own(tables.auto_int, Recipe("adam", 5e-3, 200)),
    _own(tables.deep_interest, Recipe("adam", 6e-3, 200)),
    _own(tables.bpr, Recipe("adam", 2e-2, 200)),
    _own(series.ts_mixer, Recipe("adam", 3e-3, 180, schedule=step_decay)),
    _own(series.har_gru, Recipe("adam", 5e-3, 120, clip=1.0)),
    _own(series.pitch_net, Recipe("adam", 4e-3, 150)),
    _own(series.cheb_net, Recipe("adam", 1e-2, 120, 5e-4)),
    _own(series.quantile_dqn, Recipe("adam", 2e-3, 180)),
)
