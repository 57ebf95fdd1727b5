"""The set's architectures, with how each is trained in health."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bench.findings.fresh_k import language, made, pictures, tables
from bench.findings.wide.architecture import FRESH_K, Architecture
from bench.findings.wide.training import Recipe, cosine, one_cycle, step_decay

FROZEN_ON_PURPOSE: Final = (language.peft_reviews,)

RECIPES: Final = {
    pictures.fashion_mlp: Recipe("sgd", 0.05, 100),
    pictures.cifar_quick: Recipe("adam", 2e-3, 100),
    pictures.ghost_net: Recipe("adamw", 4e-3, 70, 0.02),
    pictures.swin_two: Recipe("adamw", 3e-3, 80, 0.05, schedule=cosine),
    pictures.simple_vit: Recipe("adamw", 2e-3, 90, 0.02, clip=1.0),
    pictures.res_mlp: Recipe("adamw", 3e-3, 100, 0.02),
    pictures.pet_breeds: Recipe("adam", 3e-3, 90, schedule=one_cycle),
    pictures.chest_xray: Recipe("adamw", 4e-3, 100, 0.01),
    pictures.cell_unet: Recipe("sgd", 0.1, 80, 1e-4),
    pictures.bone_age: Recipe("adam", 2e-3, 120),
    pictures.ssd_lite: Recipe("adamw", 4e-3, 90, 0.01),
    pictures.face_attributes: Recipe("sgd", 0.05, 100, 1e-4, clip=1.0, schedule=step_decay),
    language.star_coder: Recipe("adamw", 4e-3, 100, 0.02, clip=1.0),
    language.open_gpt: Recipe("adam", 4e-3, 100, schedule=cosine),
    language.megatron: Recipe("adamw", 3e-3, 120, 0.01),
    language.um_t5: Recipe("adamw", 5e-3, 100, 0.01, clip=1.0),
    language.peft_reviews: Recipe("adamw", 5e-3, 100, 0.01),
    language.imdb_lstm: Recipe("adam", 6e-3, 110, clip=1.0),
    language.names_rnn: Recipe("sgd", 0.05, 140, clip=1.0),
    language.quora_pairs: Recipe("adam", 3e-3, 120),
    tables.adult_income: Recipe("adamw", 4e-3, 120, 0.01, schedule=one_cycle),
    tables.taxi_fares: Recipe("adam", 3e-3, 140),
    tables.plr_table: Recipe("adamw", 3e-3, 140, 0.01),
    tables.cover_type: Recipe("sgd", 0.03, 150, 1e-4),
    tables.n_hits: Recipe("adam", 2e-3, 120),
    tables.sleep_stages: Recipe("adam", 3e-3, 90),
    tables.machine_sounds: Recipe("adam", 3e-3, 120),
    tables.bird_songs: Recipe("adamw", 3e-3, 90, 0.01),
    tables.session_gru: Recipe("adam", 6e-3, 120),
    tables.i_rnn: Recipe("adam", 2e-3, 120, clip=1.0),
    made.sprite_vae: Recipe("adam", 2e-3, 100),
    made.sn_gan: Recipe("adam", 1e-3, 100),
    made.cosine_ddpm: Recipe("adamw", 3e-3, 90, 0.01, average=0.98),
    made.scarf: Recipe("adam", 2e-3, 120),
    made.gaussian_policy: Recipe("adam", 3e-3, 150, clip=1.0),
    made.jump_knowledge: Recipe("adam", 1e-2, 110, 5e-4),
}
"""By the function that builds the task."""

FRESH_K_ARCHITECTURES: Final = tuple(
    Architecture(
        build.__name__,
        build,
        lambda recipe=recipe: replace(recipe),  # type: ignore[misc]
        FRESH_K,
        build in FROZEN_ON_PURPOSE,
    )
    for build, recipe in RECIPES.items()
)
