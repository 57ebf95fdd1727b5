"""The set's architectures, with how each is trained in health."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bench.findings.fresh_e import games, pictures, sequences, series, tables
from bench.findings.wide.architecture import FRESH_E, Architecture
from bench.findings.wide.training import Recipe, Task, cosine, one_cycle, step_decay


def warmed_up(share: float) -> float:
    """A tenth of warm-up, then the rate as it is."""
    return min(1.0, share / 0.1 + 0.02)


def _own(build: Callable[[], Task], recipe: Recipe, *, frozen: bool = False) -> Architecture:
    return Architecture(build.__name__, build, lambda: replace(recipe), FRESH_E, frozen)


FRESH_E_ARCHITECTURES: Final = (
    _own(pictures.coatnet, Recipe("adamw", 2e-3, 110, 0.05, schedule=cosine)),
    _own(pictures.nf_resnet, Recipe("sgd", 0.05, 150, 2e-5, clip=1.0)),
    _own(pictures.pyramid_vit, Recipe("adamw", 4e-3, 150, 0.01, schedule=warmed_up)),
    _own(pictures.multi_label, Recipe("nadam", 2e-3, 180)),
    _own(pictures.tanh_cnn, Recipe("sgd", 0.05, 180)),
    _own(pictures.leaky_cnn, Recipe("sgd", 0.05, 180, schedule=one_cycle)),
    _own(pictures.arc_face, Recipe("sgd", 0.02, 180, 5e-4, schedule=step_decay)),
    _own(pictures.sim_siam, Recipe("sgd", 0.03, 160, 1e-4)),
    _own(pictures.centre_points, Recipe("adam", 2e-3, 160)),
    _own(pictures.depth_net, Recipe("adamw", 3e-3, 160, 0.01)),
    _own(pictures.video_net, Recipe("rmsprop", 1e-3, 160)),
    _own(pictures.ray_field, Recipe("adam", 3e-3, 250)),
    _own(sequences.bloom, Recipe("adamw", 3e-3, 110, 0.01, clip=1.0, schedule=warmed_up)),
    _own(sequences.lora_bloom, Recipe("adamw", 5e-3, 100), frozen=True),
    _own(sequences.fnet, Recipe("adamw", 2e-3, 180, 0.01)),
    _own(series.wav2vec, Recipe("adamw", 1.5e-3, 160, 0.01, clip=1.0, schedule=warmed_up)),
    _own(sequences.marian, Recipe("adam", 2e-3, 120)),
    _own(sequences.olmoe, Recipe("adamw", 4e-3, 100, 0.1, clip=1.0)),
    _own(sequences.conv_bert, Recipe("adamw", 2e-3, 140, 0.01)),
    _own(sequences.letter_lstm, Recipe("rmsprop", 3e-3, 150, clip=5.0)),
    _own(sequences.bi_encoder, Recipe("adam", 3e-3, 160)),
    _own(series.tas_net, Recipe("adam", 2e-3, 140, clip=5.0)),
    _own(series.attentive_sales, Recipe("adam", 4e-3, 140)),
    _own(series.lstm_monitor, Recipe("adam", 5e-3, 160, clip=1.0)),
    _own(tables.survivors, Recipe("adam", 3e-3, 200)),
    _own(tables.uncertain_values, Recipe("adamw", 2e-3, 250, 0.01)),
    _own(tables.star_sets, Recipe("adamax", 5e-3, 200)),
    _own(tables.next_thing, Recipe("adam", 3e-3, 140)),
    _own(tables.wide_deep, Recipe("adagrad", 3e-2, 250)),
    _own(tables.sage, Recipe("adam", 5e-3, 180)),
    _own(tables.sch_net, Recipe("adam", 3e-3, 180)),
    _own(tables.dictionary, Recipe("adam", 2e-3, 250)),
    _own(games.reinforce, Recipe("rmsprop", 2e-3, 160)),
    _own(games.categorical_dqn, Recipe("adam", 3e-3, 250)),
    _own(games.clipped_gan, Recipe("rmsprop", 1e-3, 200)),
    _own(games.glow, Recipe("adam", 5e-3, 200)),
    _own(games.digit_maker, Recipe("adam", 2e-3, 200)),
)
