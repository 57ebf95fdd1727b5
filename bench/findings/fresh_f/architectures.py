"""The set's architectures, with how each is trained in health."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bench.findings.fresh_f import physics, pictures, scenes, sequences, series, tables
from bench.findings.wide.architecture import FRESH_F, Architecture
from bench.findings.wide.training import Recipe, Task, cosine, one_cycle, step_decay


def _own(build: Callable[[], Task], recipe: Recipe, *, frozen: bool = False) -> Architecture:
    return Architecture(build.__name__, build, lambda: replace(recipe), FRESH_F, frozen)


FRESH_F_ARCHITECTURES: Final = (
    _own(pictures.dino_v2, Recipe("adamw", 3e-3, 140, 0.05, schedule=cosine)),
    _own(pictures.shuffle_net, Recipe("sgd", 0.05, 150, 1e-4)),
    _own(pictures.xresnet, Recipe("adamw", 4e-3, 110, 0.01, schedule=one_cycle)),
    _own(pictures.rotation_net, Recipe("sgd", 0.02, 150)),
    _own(pictures.int8_cnn, Recipe("adam", 2e-3, 160)),
    _own(pictures.spiking, Recipe("adam", 2e-3, 150)),
    _own(pictures.mean_teacher, Recipe("adam", 2e-3, 160)),
    _own(scenes.yolo, Recipe("adam", 3e-3, 160)),
    _own(scenes.captioner, Recipe("adam", 3e-3, 160)),
    _own(scenes.style_transfer, Recipe("adam", 3e-3, 120)),
    _own(scenes.pix2pix, Recipe("adam", 1e-3, 140)),
    _own(scenes.moco, Recipe("adam", 1e-3, 180)),
    _own(scenes.hash_codes, Recipe("rmsprop", 5e-4, 180)),
    _own(scenes.siglip, Recipe("adamw", 3e-3, 200, 0.01)),
    _own(sequences.modern_bert, Recipe("adamw", 2e-3, 110, 0.01, schedule=cosine)),
    _own(sequences.phi, Recipe("adamw", 2e-3, 120, 0.05, clip=1.0)),
    _own(sequences.deepseek, Recipe("adamw", 3e-3, 90, 0.1, clip=1.0)),
    _own(sequences.prompt_tuned, Recipe("adam", 2e-2, 110), frozen=True),
    _own(sequences.dpo, Recipe("adamw", 3e-4, 100)),
    _own(sequences.pointer_net, Recipe("adam", 5e-3, 150, clip=1.0)),
    _own(sequences.crf_tagger, Recipe("adam", 5e-3, 120)),
    _own(series.inception_time, Recipe("adam", 2e-3, 120)),
    _own(series.x_vector, Recipe("adam", 2e-3, 150)),
    _own(series.gap_filler, Recipe("adam", 5e-3, 140, clip=1.0)),
    _own(series.d_linear, Recipe("adam", 5e-3, 200, schedule=step_decay)),
    _own(series.reservoir, Recipe("adam", 1e-2, 200), frozen=True),
    _own(tables.tab_net, Recipe("adam", 1e-2, 160)),
    _own(tables.weighed_tasks, Recipe("adamw", 2e-3, 200, 0.01)),
    _own(tables.ggnn, Recipe("adam", 5e-3, 160)),
    _own(tables.set_transformer, Recipe("adamw", 2e-3, 140, 0.01)),
    _own(tables.neural_process, Recipe("adam", 2e-3, 200)),
    _own(tables.trans_e, Recipe("adagrad", 0.1, 200)),
    _own(physics.hamiltonian, Recipe("adam", 3e-3, 200)),
    _own(physics.fourier_operator, Recipe("adam", 3e-3, 120)),
    _own(physics.td3, Recipe("adam", 1e-3, 200)),
    _own(physics.alpha_zero, Recipe("sgd", 0.03, 160, 1e-4)),
)
