"""Whether a module computes in eval mode what it computes in train mode."""

from __future__ import annotations

from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Final

import torch
from torch import nn

_FLAG: Final = "training"

_DROPOUTS: Final = (
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.AlphaDropout,
    nn.FeatureAlphaDropout,
)
_NORMS: Final = (
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
    nn.SyncBatchNorm,
    nn.InstanceNorm1d,
    nn.InstanceNorm2d,
    nn.InstanceNorm3d,
)


def works_alike_in_eval(model: nn.Module) -> bool:
    """Whether no module of a model looks at its mode, or none to any effect.

    So it is without dropout and norms that keep statistics. A module whose code cannot be read, as
    a scripted one, may look at it.
    """
    return not any(_depends_on_mode(module) for module in model.modules())


def _depends_on_mode(module: nn.Module) -> bool:
    if isinstance(module, _DROPOUTS):
        return bool(module.p > 0)
    if isinstance(module, _NORMS):
        return bool(module.track_running_stats)
    if isinstance(module, (nn.RNNBase, nn.MultiheadAttention)):
        return bool(module.dropout > 0)
    # Their modes only choose a faster way to the same outputs; what drops values is a child.
    if isinstance(module, (nn.TransformerEncoder, nn.TransformerEncoderLayer)):
        return False
    own = [cls for cls in type(module).__mro__ if cls not in nn.Module.__mro__]
    functions = [each for cls in own for each in vars(cls).values()]
    return isinstance(module, torch.jit.ScriptModule) or any(
        _names_flag(each) for each in functions
    )


def _names_flag(function: object) -> bool:
    if not isinstance(function, FunctionType):
        return False
    return any(_FLAG in code.co_names for code in _codes(function.__code__))


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Of a function, and of the functions that it makes."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
