"""The settings of optimizers' parameter groups and of modules, as numbers."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from torch import nn

from tb_activation_hist.core.setup_facts import (
    DROPPED_SHARES,
    MOST_NAMES,
    ModuleSettings,
    OptimizerGroup,
)

LEFT_OUT: Final = frozenset({"params", "initial_lr"})
"""Fields of a group that are no settings."""

MODULE_SETTINGS: Final = {
    "Dropout": ("p",),
    "DropPath": ("drop_prob",),
    "StochasticDepth": ("p",),
    "BatchNorm": ("momentum", "eps", "track_running_stats"),
    "LSTM": ("dropout",),
    "GRU": ("dropout",),
    "MultiheadAttention": ("dropout",),
    "Embedding": ("max_norm",),
}
"""Part of a type's name -> attributes whose values are settings."""


def list_groups(
    optimizer: Any, place: int, own: Collection[int], step: int
) -> Iterator[tuple[int, OptimizerGroup]]:
    """Each group that has parameters of the model, with its number.

    place: number of the optimizer. own: ids of these parameters.
    """
    for number, group in enumerate(optimizer.param_groups):
        known = sum(id(parameter) in own for parameter in group["params"])
        if known:
            settings = dict(_settings_of(group))
            others = len(group["params"]) - known
            name = type(optimizer).__name__
            yield number, OptimizerGroup(name, place, step, known, settings, others)


def _settings_of(group: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for own, value in group.items():
        name = _name_in_torch(own, group)
        if name == "betas" and isinstance(value, (tuple, list)):
            # Those of optimizers with three (Adan, AdEMAMix) have other meanings.
            pair = value if len(value) == 2 else ()
            yield from ((f"beta{at}", float(each)) for at, each in enumerate(pair, start=1))
        elif name not in LEFT_OUT and (number := _to_number(value)) is not None:
            yield name, number


def _name_in_torch(name: str, group: Mapping[str, Any]) -> str:
    """The name that torch has for a setting of fastai's optimizers."""
    if "wd" not in group or "nu_1" in group:  # QHAdam averages the gradients once more
        return name
    if name == "mom":
        return "beta1" if "sqr_mom" in group else "momentum"
    return {"wd": "weight_decay", "sqr_mom": "beta2"}.get(name, name)


def _to_number(value: object) -> float | None:
    if not isinstance(value, (bool, int, float)) or not math.isfinite(value):
        return None
    return float(value)


def list_module_settings(
    modules: Iterable[tuple[str, nn.Module]], step: int
) -> list[ModuleSettings]:
    """The settings of layers in train mode, those of one type with the same values together."""
    names: dict[tuple[str, tuple[tuple[str, float], ...]], list[str]] = defaultdict(list)
    for name, module in modules:
        settings = _module_settings(module) if module.training else ()
        if settings:
            names[type(module).__name__, settings].append(name)
    return [
        ModuleSettings(of, step, len(layers), tuple(layers[:MOST_NAMES]), dict(settings))
        for (of, settings), layers in names.items()
    ]


def list_norms_around(
    layers: Iterable[tuple[str, nn.Module]], model: nn.Module
) -> Iterator[tuple[str, nn.Module]]:
    """The batch norms that are no layers, as they have some inside: timm's have their ReLU there.

    layers: those of the model, by name.
    """
    names = {module: name for name, module in layers}
    for module in model.modules():
        inside = [names[child] for child in module.children() if child in names]
        if "BatchNorm" in type(module).__name__ and module not in names and inside:
            yield inside[0].rpartition(".")[0], module


def list_shares(modules: Iterable[nn.Module]) -> list[tuple[nn.Module, str]]:
    """The modules with a share that is dropped, and the name of that setting."""
    found = ((module, name) for module in modules for name, _ in _module_settings(module))
    return [(module, name) for module, name in found if name in DROPPED_SHARES]


def read_shares(shares: Iterable[tuple[nn.Module, str]]) -> list[float]:
    """What `list_shares` found, as it is now."""
    values = (getattr(module, name, 0.0) for module, name in shares)
    return [value if type(value) is float else 0.0 for value in values]


def _module_settings(module: nn.Module) -> tuple[tuple[str, float], ...]:
    of = type(module).__name__
    wanted = [name for part, names in MODULE_SETTINGS.items() if part in of for name in names]
    values = ((name, _to_number(getattr(module, name, None))) for name in dict.fromkeys(wanted))
    return tuple((name, value) for name, value in values if value is not None)
