"""The set's architectures, with how each is trained in health."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bench.findings.fresh_g import games, language, pictures, scenes, series, tables
from bench.findings.wide.architecture import FRESH_G, Architecture
from bench.findings.wide.training import Recipe, Task, cosine, one_cycle, step_decay


def _own(build: Callable[[], Task], recipe: Recipe, *, frozen: bool = False) -> Architecture:
    return Architecture(build.__name__, build, lambda: replace(recipe), FRESH_G, frozen)


FRESH_G_ARCHITECTURES: Final = (
    _own(pictures.res_next, Recipe("sgd", 0.02, 90, 1e-4)),
    _own(pictures.beit, Recipe("adamw", 5e-3, 150, 0.02, schedule=cosine)),
    _own(pictures.focal_net, Recipe("adamw", 3e-3, 120, 0.02, schedule=one_cycle)),
    _own(pictures.rep_vgg, Recipe("sgd", 0.05, 120, 1e-4)),
    _own(pictures.binary_net, Recipe("adam", 3e-3, 140)),
    _own(pictures.siamese, Recipe("adam", 2e-3, 150)),
    _own(pictures.vicreg, Recipe("adam", 2e-3, 140)),
    _own(scenes.hourglass, Recipe("adam", 3e-3, 110)),
    _own(scenes.fcos, Recipe("adam", 3e-3, 140)),
    _own(scenes.crowd_count, Recipe("adam", 2e-3, 150)),
    _own(scenes.flow_net, Recipe("adam", 2e-3, 180)),
    _own(scenes.attention_ocr, Recipe("adam", 5e-3, 160, clip=1.0)),
    _own(scenes.dynamic_unet, Recipe("adam", 2e-3, 80)),
    _own(scenes.cycle_gan, Recipe("adam", 1e-3, 90)),
    _own(language.falcon, Recipe("adamw", 3e-3, 110, 0.05, clip=1.0)),
    _own(language.layout_lm, Recipe("adamw", 2e-3, 130, 0.01)),
    _own(language.pegasus, Recipe("adamw", 3e-3, 130, 0.01, clip=1.0)),
    _own(language.question_answering, Recipe("adamw", 2e-3, 190, 0.01)),
    _own(language.reward_model, Recipe("adamw", 1e-3, 120, 0.01)),
    _own(language.sim_cse, Recipe("adamw", 1e-3, 130, 0.01)),
    _own(language.awd_lstm, Recipe("adam", 5e-3, 120, clip=0.5)),
    _own(series.i_transformer, Recipe("adam", 1e-3, 160)),
    _own(series.lstm_fcn, Recipe("adam", 3e-3, 150)),
    _own(series.sound_events, Recipe("adam", 3e-3, 120)),
    _own(series.conformer, Recipe("adamw", 2e-3, 110, 0.01)),
    _own(series.eeg_net, Recipe("adam", 3e-3, 150)),
    _own(tables.deep_cross, Recipe("adam", 3e-3, 200)),
    _own(tables.mmoe, Recipe("adam", 3e-3, 200)),
    _own(tables.light_gcn, Recipe("adam", 1e-2, 200)),
    _own(tables.rgcn, Recipe("adam", 1e-2, 120, 5e-4)),
    _own(tables.fold_net, Recipe("adam", 3e-3, 200)),
    _own(tables.bayes_by_backprop, Recipe("adam", 5e-3, 200)),
    _own(games.decision_transformer, Recipe("adamw", 2e-3, 120, 1e-4, clip=0.25)),
    _own(games.implicit_q, Recipe("adam", 1e-3, 200)),
    _own(games.random_distillation, Recipe("adam", 1e-3, 200), frozen=True),
    _own(games.maml, Recipe("adam", 3e-3, 130, schedule=step_decay)),
)
