"""Batch norms with the statistics of one or two values, or of a single batch, or of none."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.setup_facts import ModuleSettings
from tb_activation_hist.findings.hits import Hit, hit_from_step, name_layers
from tb_activation_hist.findings.rule import Begins, Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals, module_name
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import UNIT_SHARE, Thresholds, threshold

MATRIX_AXES: Final = 2
"""Samples and channels; further axes hold more values of a channel."""

MOMENTUM_SOURCE: Final = (
    "the layer's setting, by default 0.1; Keras and papers name the share that is kept, 0.99"
)


@dataclass(frozen=True, kw_only=True)
class BatchStatisticsThresholds(Thresholds):
    norm_values: int = threshold(
        2,
        "values",
        "Values of a channel in a batch, up to which a batch norm leaves nothing but their order: "
        "of two it makes -1 and 1, whatever they are.",
        "exact",
    )
    norm_standstill: float = threshold(
        1e-4,
        UNIT_SHARE,
        "Momentum up to which a batch norm's running statistics hardly ever leave 0 and 1.",
        MOMENTUM_SOURCE,
    )
    norm_forgets: float = threshold(
        0.99,
        UNIT_SHARE,
        "Momentum from which on a batch norm's running statistics are those of the last batch.",
        MOMENTUM_SOURCE,
    )


def find_odd_momentum(
    layers: RunSignals, options: BatchStatisticsThresholds
) -> Iterator[Observation]:
    """Norms that in eval mode use the statistics of the last batch, or those they began with."""
    for own in _tracking_norms(layers):
        momentum = own.settings.get("momentum")
        if momentum is None or not own.settings["track_running_stats"]:
            continue
        if momentum <= options.norm_standstill:
            limit, what = "norm_standstill", "never follow the batches"
        elif momentum >= options.norm_forgets:
            limit, what = "norm_forgets", "are those of the last batch alone"
        else:
            continue
        hits = _hits_of(own, layers)
        if hits:
            yield Observation(
                hits=hits,
                title=f"{name_layers(hits)}: running statistics {what}, at a momentum of "
                f"{momentum:g}",
                threshold={limit: getattr(options, limit)},
                figures={"setting": "momentum", "setting_value": momentum},
            )


def find_tiny_batches(
    layers: RunSignals, options: BatchStatisticsThresholds
) -> Iterator[Observation]:
    """Norms over so few values of a channel that next to nothing of these is left."""
    hits = [
        hit
        for own in _tracking_norms(layers)
        for hit in _hits_of(own, layers)
        if 0 < values_of_channel(hit.signals.info) <= options.norm_values
    ]
    if hits:
        values = values_of_channel(hits[0].signals.info)
        yield Observation(
            hits=hits,
            title=f"{name_layers(hits)}: a batch norm over {values} values of each channel, of "
            "which it leaves only which is the larger one",
            threshold={"norm_values": options.norm_values},
            figures={"values": values},
        )


def find_norms_of_one(
    layers: RunSignals, _options: BatchStatisticsThresholds
) -> Iterator[Observation]:
    """Layer norms over a single value: less its mean it is 0."""
    hits = [
        hit_from_step(s, int(s.series.steps[s.first_whole]))
        for s in layers.outputs
        if s.whole.any() and s.info.type.endswith("LayerNorm") and s.info.shape[-1:] == (1,)
        if s.series.min[s.first_whole] == s.series.max[s.first_whole]
    ]
    if hits:
        yield Observation(
            hits=hits,
            title=f"{name_layers(hits)}: a layer norm over single values, of which it leaves "
            "nothing",
            threshold={"norm_of_one": 1},
            figures={"values": 1},
        )


def values_of_channel(info: LayerInfo) -> int:
    """Values of a batch that have one mean and deviation; 0 where that is not known."""
    shape = info.shape
    if len(shape) < MATRIX_AXES:
        return 0
    return shape[0] * math.prod(shape[MATRIX_AXES:])


def _tracking_norms(layers: RunSignals) -> Iterator[ModuleSettings]:
    """The batch norms in train mode; those with fixed statistics have no such setting."""
    for own in layers.facts.of(ModuleSettings):
        if "BatchNorm" in own.type and "track_running_stats" in own.settings:
            yield own


def _hits_of(own: ModuleSettings, layers: RunSignals) -> list[Hit]:
    """Of a norm that is no recorded layer, as it has modules inside, the first of these."""
    ran = [s for s in layers.outputs if s.whole.any()]
    found = [_stand_in(name, ran) for name in own.layers]
    return [hit_from_step(s, own.since) for s in found if s is not None]


def _stand_in(name: str, ran: Sequence[Signals]) -> Signals | None:
    own = [s for s in ran if module_name(s.info) == name]
    inside = (s for s in ran if s.info.layer.startswith(f"{name}."))
    return own[0] if own else next(inside, None)


BATCH_STATISTICS: Final = RunRule(
    kind="batch_statistics",
    severity="warning",
    seen="A batch norm normalises over one or two values of a channel, or its momentum makes its "
    "running statistics those of the last batch, or lets them never change; or a layer norm "
    "normalises single values.",
    source="the layers' settings and the shape of their outputs",
    thresholds=BatchStatisticsThresholds,
    explains={"eval_mode": Begins.WITH_OR_AFTER},
    find=(find_tiny_batches, find_norms_of_one, find_odd_momentum),
    online=None,
)
