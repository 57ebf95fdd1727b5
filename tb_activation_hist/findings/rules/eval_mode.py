"""Layers that did not run in training: they are in eval mode, or another model is trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.findings.rule import Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.thresholds import Thresholds


def find_silent_model(layers: RunSignals, _options: Thresholds) -> Iterator[Observation]:
    """Not one layer put out anything."""
    silent = layers.facts.silent
    if not silent or any(s.info.kind == "activations" for s in layers):
        return
    resting = set(silent) <= set(layers.facts.eval_layers)
    reason = "all are in eval mode" if resting else "another model is trained"
    yield Observation(
        hits=(),
        named=_to_infos(silent),
        title=f"none of the {len(silent):,} layers ran in train mode: {reason}",
        threshold={},
    )


def find_resting_layers(layers: RunSignals, _options: Thresholds) -> Iterator[Observation]:
    """Layers in eval mode, with parameters that are trained, while others are in train mode."""
    resting = [name for name in layers.facts.eval_layers if layers.is_trainable(name)]
    if not resting or not layers.outputs:
        return
    more = f" and {len(resting) - 1:,} more" if len(resting) > 1 else ""
    yield Observation(
        hits=(),
        named=_to_infos(resting),
        title=f"{resting[0]}{more} in eval mode while the others are in train mode",
        threshold={},
        severity="info",
    )


def _to_infos(names: Sequence[str]) -> tuple[LayerInfo, ...]:
    return tuple(LayerInfo(name) for name in names)


EVAL_MODE: Final = RunRule(
    kind="eval_mode",
    severity="warning",
    seen="No layer ran in train mode. Info: layers whose parameters are trained, such as batch "
    "norms, are in eval mode while others are in train mode.",
    advice=(
        "Usual causes: model.eval() for a validation is not followed by model.train(), or "
        "eval() was called on batch norms to keep their statistics (which is intended). In eval "
        "mode, a batch norm uses and keeps its old statistics, and dropout does nothing. Call "
        "model.train() "
        "before each epoch of training."
    ),
    source="the modules' training flag",
    thresholds=Thresholds,
    explains={},
    find=(find_silent_model, find_resting_layers),
    online=None,
)
