"""Which trainings are run: each architecture in health, in several ways, and with faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bench.findings.fresh_c.ways import C_HEALTHY
from bench.findings.fresh_d.ways import D_HEALTHY
from bench.findings.fresh_e.ways import E_HEALTHY
from bench.findings.fresh_f.ways import F_HEALTHY
from bench.findings.fresh_g.ways import G_HEALTHY
from bench.findings.fresh_h.ways import H_HEALTHY
from bench.findings.fresh_i.ways import I_HEALTHY
from bench.findings.fresh_j.ways import J_HEALTHY
from bench.findings.fresh_k.ways import K_HEALTHY
from bench.findings.wide.architecture import (
    FRESH_C,
    FRESH_D,
    FRESH_E,
    FRESH_F,
    FRESH_G,
    FRESH_H,
    FRESH_I,
    FRESH_J,
    FRESH_K,
    HELD_OUT,
    WORKED,
)
from bench.findings.wide.architectures import ARCHITECTURES
from bench.findings.wide.conditions import (
    CONDITIONS,
    FRESHLY_VARIED,
    HALF_SCALED,
    PLAIN,
    VARIED,
)
from bench.findings.wide.faults import FAULTS

WAYS = 3
"""Healthy ways of each architecture of the wide set beside its plain one; the fresh set has one."""

FROZEN_TRUNKS = (
    *("vit", "convnext", "residual_net", "bert", "dlrm"),
    *("cait", "mixer", "mobilenet", "llama", "distilbert"),
    *("densenet", "swin", "roberta", "nbeats"),
    *("xcit", "electra", "perceiver", "pixel_cnn"),
)
FROZEN_EMBEDDINGS = (
    *("gpt2", "word2vec", "dqn", "deep_linear"),
    *("group_norm_net", "letter_rnn", "conv_vae", "tcn", "gated_table"),
)
"""Architectures that are also trained with their trunk, or their first layer, frozen on purpose."""

IN_HALF = ("plain_cnn", "table_mlp", "autoencoder", "gated_table")
"""Architectures that are also trained in float16, as one should; it is slow on a CPU."""

CHOSEN_WAYS: Final = {
    FRESH_C: C_HEALTHY,
    FRESH_D: D_HEALTHY,
    FRESH_E: E_HEALTHY,
    FRESH_F: F_HEALTHY,
    FRESH_G: G_HEALTHY,
    FRESH_H: H_HEALTHY,
    FRESH_I: I_HEALTHY,
    FRESH_J: J_HEALTHY,
    FRESH_K: K_HEALTHY,
}
"""By half: architectures and healthy ways, where the examiner chose each pair."""


@dataclass(frozen=True)
class Job:
    """One training. condition: name of a healthy condition or of a fault."""

    architecture: str
    condition: str
    seed: int = 0

    @property
    def name(self) -> str:
        return f"{self.architecture}-{self.condition}"

    @property
    def half(self) -> str:
        return ARCHITECTURES[self.architecture].half

    @property
    def healthy(self) -> bool:
        return self.condition in CONDITIONS

    @property
    def frozen(self) -> bool:
        """Whether a part is kept from learning on purpose."""
        return ARCHITECTURES[self.architecture].frozen or (
            self.healthy and CONDITIONS[self.condition].frozen
        )


def half_jobs(half: str) -> list[Job]:
    """All trainings of one half; architectures and faults both belong to one half alone."""
    names = [name for name, own in ARCHITECTURES.items() if own.half == half]
    jobs = [Job(name, PLAIN) for name in names]
    jobs += [
        Job(name, fault.name)
        for fault in FAULTS.values()
        if fault.half == half
        for name in fault.on
    ]
    if half in CHOSEN_WAYS:
        return jobs + [Job(name, way, 1) for name, way in CHOSEN_WAYS[half]]
    jobs += [Job(name, HALF_SCALED, 4) for name in names if name in IN_HALF]
    varied, ways = (VARIED, WAYS) if half in (WORKED, HELD_OUT) else (FRESHLY_VARIED, 1)
    for place, name in enumerate(names):
        turns = [varied[(ways * place + way) % len(varied)] for way in range(ways)]
        jobs += [Job(name, turn, 1 + way) for way, turn in enumerate(turns)]
        jobs += [Job(name, condition, 5) for condition in _frozen_conditions(name)]
    return jobs


def _frozen_conditions(name: str) -> list[str]:
    if name in FROZEN_TRUNKS:
        return ["frozen_trunk", "frozen_in_eval"]
    return ["frozen_embedding"] if name in FROZEN_EMBEDDINGS else []
