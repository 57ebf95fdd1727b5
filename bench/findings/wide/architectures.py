"""All architectures, with how each is trained in health, and the half that each belongs to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bench.findings.fresh.architectures import FRESH
from bench.findings.fresh_c.architectures import FRESH_C_ARCHITECTURES
from bench.findings.fresh_d.architectures import FRESH_D_ARCHITECTURES
from bench.findings.fresh_e.architectures import FRESH_E_ARCHITECTURES
from bench.findings.fresh_f.architectures import FRESH_F_ARCHITECTURES
from bench.findings.fresh_g.architectures import FRESH_G_ARCHITECTURES
from bench.findings.fresh_h.architectures import FRESH_H_ARCHITECTURES
from bench.findings.fresh_i.architectures import FRESH_I_ARCHITECTURES
from bench.findings.fresh_j.architectures import FRESH_J_ARCHITECTURES
from bench.findings.fresh_k.architectures import FRESH_K_ARCHITECTURES
from bench.findings.wide import control, generative, language, signals, tables, vision
from bench.findings.wide.architecture import HELD_OUT, WORKED, Architecture
from bench.findings.wide.training import Recipe, Task, cosine, one_cycle, step_decay


def _adam(rate: float, steps: int = 140, **more: object) -> Callable[[], Recipe]:
    return lambda: Recipe("adam", rate, steps, **more)  # type: ignore[arg-type]


def _adamw(rate: float, steps: int = 140, **more: object) -> Callable[[], Recipe]:
    return lambda: Recipe("adamw", rate, steps, 0.05, **more)  # type: ignore[arg-type]


def _sgd(rate: float, steps: int = 140, **more: object) -> Callable[[], Recipe]:
    return lambda: Recipe("sgd", rate, steps, **more)  # type: ignore[arg-type]


def _worked(
    name: str, build: Callable[[], Task], recipe: Callable[[], Recipe], frozen: bool = False
) -> Architecture:
    return Architecture(name, build, recipe, WORKED, frozen)


def _held_out(
    name: str, build: Callable[[], Task], recipe: Callable[[], Recipe], frozen: bool = False
) -> Architecture:
    return Architecture(name, build, recipe, HELD_OUT, frozen)


ARCHITECTURES: Final = {
    each.name: each
    for each in (
        _worked("vit", vision.vit, _adamw(3e-3, 140, schedule=cosine)),
        _worked("convnext", vision.convnext, _sgd(0.05, 120)),
        _worked("poolformer", vision.poolformer, _adamw(2e-3, 120)),
        _worked("residual_net", vision.residual_net, _sgd(0.05)),
        _worked("plain_cnn", vision.plain_cnn, _sgd(0.03, 160)),
        _worked("unet", vision.unet, _adam(2e-3, 120)),
        _worked("gpt2", language.gpt2, _adamw(2e-3, 120, schedule=cosine, clip=1.0)),
        _worked("bert", language.bert, _adamw(1e-3, 120)),
        _worked("letter_gru", language.letter_gru, _adam(5e-3, 140, clip=1.0)),
        _worked("word2vec", language.word2vec, _adam(2e-2)),
        _worked("vae", generative.vae, _adam(2e-3, 160)),
        _worked("gan", generative.gan, _adam(5e-4, 160)),
        _worked("dqn", control.dqn, _adam(2e-3, 160, clip=10.0)),
        _worked("contrastive", signals.contrastive, _adam(2e-3, 120)),
        _worked("wavenet", signals.wavenet, _adam(5e-3, 120)),
        _worked("siren", signals.siren, _adam(1e-3, 160)),
        _worked("lora", signals.lora, _adamw(5e-3, 120), True),
        _worked("gcn", tables.gcn, _adam(1e-2, 160)),
        _worked("dlrm", tables.dlrm, _adam(1e-2, 160)),
        _worked("selu_net", tables.selu_net, _sgd(0.01, 160)),
        _worked("kan", tables.kan, _adam(5e-3, 140)),
        _worked("deep_linear", tables.deep_linear, _sgd(0.01, 160)),
        _worked("table_mlp", tables.table_mlp, _adam(2e-3, 160)),
        _held_out("cait", vision.cait, _adamw(2e-3, 120)),
        _held_out("mixer", vision.mixer, _adam(1e-3, 140)),
        _held_out("mobilenet", vision.mobilenet, _sgd(0.03, 80)),
        _held_out("group_norm_net", vision.group_norm_net, _adamw(2e-3, 140, schedule=one_cycle)),
        _held_out("autoencoder", vision.autoencoder, _adam(2e-3, 140)),
        _held_out("post_norm", vision.post_norm, _adam(1e-3, 160)),
        _held_out("llama", language.llama, _adamw(2e-3, 120, clip=1.0)),
        _held_out("distilbert", language.distilbert, _adamw(1e-3, 120)),
        _held_out("t5", language.t5, _adamw(3e-3, 120, clip=1.0)),
        _held_out("letter_rnn", language.letter_rnn, _sgd(0.1, 160, clip=1.0)),
        _held_out("translator", language.translator, _adam(5e-3, 140, clip=1.0)),
        _held_out("decoder", language.decoder, _adam(1e-3, 140, schedule=cosine)),
        _held_out("conv_vae", generative.conv_vae, _adam(2e-3, 160)),
        _held_out("dcgan", generative.dcgan, _adam(5e-4, 160)),
        _held_out("diffusion", generative.diffusion, _adamw(2e-3, 140, average=0.99)),
        _held_out("realnvp", generative.realnvp, _adam(2e-3, 140)),
        _held_out("ppo", control.ppo, _adam(1e-3, 160, clip=0.5)),
        _held_out("clip", signals.clip, _adamw(2e-3, 120)),
        _held_out("tcn", signals.tcn, _sgd(0.1, 120)),
        _held_out("coordinate_net", signals.coordinate_net, _adam(2e-3, 160)),
        _held_out("hopfield", signals.hopfield, _adam(3e-3, 140)),
        _held_out("probe", signals.probe, _sgd(0.01, 140), True),
        _held_out("gat", tables.gat, _adam(5e-3, 140)),
        _held_out("taste", tables.taste, _adam(5e-3, 160)),
        _held_out("gated_table", tables.gated_table, _adamw(2e-3, 140, schedule=step_decay)),
        _held_out("experts", tables.experts, _sgd(0.05, 160)),
        *FRESH,
        *FRESH_C_ARCHITECTURES,
        *FRESH_D_ARCHITECTURES,
        *FRESH_E_ARCHITECTURES,
        *FRESH_F_ARCHITECTURES,
        *FRESH_G_ARCHITECTURES,
        *FRESH_H_ARCHITECTURES,
        *FRESH_I_ARCHITECTURES,
        *FRESH_J_ARCHITECTURES,
        *FRESH_K_ARCHITECTURES,
    )
}
