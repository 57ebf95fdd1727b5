"""The set's architectures, with how each is trained in health."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bench.findings.fresh_h import language, pictures, scenes, series, tables
from bench.findings.wide.architecture import FRESH_H, Architecture
from bench.findings.wide.training import Recipe, Task, cosine, one_cycle, step_decay


def _own(build: Callable[[], Task], recipe: Recipe, *, frozen: bool = False) -> Architecture:
    return Architecture(build.__name__, build, lambda: replace(recipe), FRESH_H, frozen)


FRESH_H_ARCHITECTURES: Final = (
    _own(pictures.wide_resnet, Recipe("sgd", 0.05, 90, 5e-4, schedule=cosine)),
    _own(pictures.mnas_net, Recipe("sgd", 0.03, 90, 1e-4)),
    _own(pictures.deit, Recipe("adamw", 4e-3, 130, 0.05, schedule=cosine)),
    _own(pictures.vov_net, Recipe("adamw", 2e-3, 100, 0.01)),
    _own(pictures.star_net, Recipe("adamw", 3e-3, 130, 0.02)),
    _own(pictures.alex_net, Recipe("sgd", 0.03, 150, 5e-4)),
    _own(pictures.fastai_vision, Recipe("adamw", 2e-3, 120, 0.01, schedule=one_cycle)),
    _own(pictures.nll_cnn, Recipe("adam", 1e-3, 120)),
    _own(pictures.sup_con, Recipe("adam", 2e-3, 140)),
    _own(scenes.deep_lab, Recipe("sgd", 0.03, 90, 1e-4)),
    _own(scenes.retina_net, Recipe("adam", 2e-3, 130)),
    _own(scenes.voxel_unet, Recipe("adam", 3e-3, 90)),
    _own(scenes.colouriser, Recipe("adam", 2e-3, 110)),
    _own(scenes.landmark_net, Recipe("adam", 1e-3, 150)),
    _own(scenes.ada_in, Recipe("adam", 2e-3, 110), frozen=True),
    _own(scenes.wgan_clipped, Recipe("rmsprop", 5e-4, 160)),
    _own(language.mistral_sft, Recipe("adamw", 3e-3, 130, 0.01, clip=1.0, schedule=cosine)),
    _own(language.xlnet, Recipe("adamw", 1e-3, 120, 0.01)),
    _own(language.mpnet_similarity, Recipe("adamw", 1e-3, 130, 0.01)),
    _own(language.mbart, Recipe("adamw", 3e-3, 140, 0.01, clip=1.0)),
    _own(language.roformer_ner, Recipe("adamw", 2e-3, 140, 0.01)),
    _own(language.packed_gru, Recipe("adam", 5e-3, 150, clip=1.0)),
    _own(language.dpcnn, Recipe("adam", 1e-3, 150)),
    _own(tables.fastai_tabular, Recipe("adam", 5e-3, 180, 0.01)),
    _own(tables.deep_fm, Recipe("adam", 3e-3, 200)),
    _own(tables.neu_mf, Recipe("adam", 1e-2, 200)),
    _own(tables.churn_net, Recipe("adam", 3e-3, 200)),
    _own(tables.ordinal_wine, Recipe("adam", 5e-3, 150)),
    _own(tables.sensor_autoencoder, Recipe("adam", 3e-3, 200)),
    _own(tables.appnp, Recipe("adam", 1e-2, 150, 5e-4)),
    _own(tables.behaviour_cloning, Recipe("adam", 2e-3, 200)),
    _own(tables.noisy_dqn, Recipe("adam", 2e-3, 200)),
    _own(series.m5, Recipe("adam", 5e-3, 140, 1e-4, schedule=step_decay)),
    _own(series.ecg_resnet, Recipe("sgd", 0.03, 120, 1e-4)),
    _own(series.forecast_gru, Recipe("adam", 5e-3, 140, clip=1.0)),
    _own(series.deep_conv_lstm, Recipe("adam", 3e-3, 140)),
)
