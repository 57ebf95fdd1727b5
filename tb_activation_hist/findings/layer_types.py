"""What the type of a module says about its outputs: weights, bounds, exact zeros."""

from __future__ import annotations

import math
from typing import Final

from tb_activation_hist.core.names import LayerInfo

ZEROING: Final = frozenset({"ReLU", "ReLU6", "Hardswish", "Threshold", "Softshrink", "Hardshrink"})
"""Nonlinearities whose outputs are exactly zero for about half of the inputs."""

BOUNDED: Final = {
    "Tanh": (-1.0, 1.0),
    "Hardtanh": (-1.0, 1.0),
    "Softsign": (-1.0, 1.0),
    "Sigmoid": (0.0, 1.0),
    "Hardsigmoid": (0.0, 1.0),
    "ReLU6": (-math.inf, 6.0),
}
"""Nonlinearities with a least and a largest output, where their slope is nearly 0. ReLU6's zeros
are those of a ReLU."""

RECURRENT: Final = ("RNN", "RNNCell", "GRU", "GRUCell", "LSTM", "LSTMCell")
"""Types whose state lies between -1 and 1, unless an RNN has a ReLU; an LSTM's cell does not."""

PASSING: Final = frozenset(
    {
        "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout",
        "MaxPool1d", "MaxPool2d", "MaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d",
        "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d",
        "AdaptiveMaxPool2d", "AdaptiveMaxPool3d", "AdaptiveConcatPool2d",
        "Flatten", "Unflatten", "Identity", "Upsample", "PixelShuffle", "Fold", "Unfold",
        "ZeroPad2d", "ReflectionPad2d", "ConstantPad2d", "StochasticDepth", "DropBlock2d",
    }
)  # fmt: skip
"""Types that hand their inputs on, moved, pooled or dropped: zeros of them are those of another."""

PASSING_ENDINGS: Final = ("DropPath", "Dropout", "Pooling")
"""Last parts of the names of such types of other libraries."""

WEIGHTLESS: Final = frozenset(
    {
        *ZEROING,
        *BOUNDED,
        *PASSING,
        "LeakyReLU", "PReLU", "ELU", "SELU", "CELU", "GELU", "SiLU", "Mish", "Softplus", "GLU",
        "LogSigmoid", "Hardshrink", "Tanhshrink", "RReLU",
        "Softmax", "Softmax2d", "LogSoftmax", "Softmin",
        "Swish", "HardSwish", "QuickGELU", "Sine", "Sin",
    }
)  # fmt: skip
"""Types that do not multiply their inputs with weights."""

WEIGHTLESS_ENDINGS: Final = (
    *PASSING_ENDINGS, "Activation", "RotaryEmbedding", "GELU", "SiLU", "GELUTanh",
)  # fmt: skip
"""Last parts of the names of types of other libraries that have no weights either."""

DROPPING: Final = ("Dropout", "AlphaDropout", "FeatureAlphaDropout", "StochasticDepth", "DropBlock")
"""Prefixes of the names of types that set values to zero at random; so does `DropPath`."""

TAILED: Final = (
    "GELU", "SiLU", "Mish", "ELU", "Swish", "Softplus", "Sigmoid", "Softmax", "MaxPool", "GLU",
    "Activation",
)  # fmt: skip
"""Parts of the names of types whose median output may lie in a tail near zero."""

PLAIN: Final = (
    "Linear", "Bilinear", "Conv", "Embedding", "LSTM", "GRU", "RNN", "MultiheadAttention",
)  # fmt: skip
"""Prefixes of torch types that only multiply with weights, without a nonlinearity after it."""

NORMALISING: Final = ("BatchNorm", "LayerNorm", "GroupNorm", "InstanceNorm", "RMSNorm")
"""Parts of the names of types that set the scale of their outputs."""


LEAST_DEPTH: Final = 3
"""Minimum number of layers with weights for findings about a network's depth."""


GATING: Final = ("Sigmoid", "Hardsigmoid")
"""Nonlinearities between 0 and 1, by which a gate scales other values."""

FEW_VALUES: Final = 16
"""Values of a sample below which a ReLU may be silent while its network is not."""


def is_cell_state(info: LayerInfo) -> bool:
    """Whether this is the cell state of an LSTM, which its outputs are a tanh of."""
    last = {"LSTM": "/1/1", "LSTMCell": "/1"}.get(info.type)
    return last is not None and info.layer.endswith(last)


def has_few_values(info: LayerInfo) -> bool:
    """Whether it is a ReLU of a handful of units, which outputs one value of each per sample."""
    sample = info.shape[1:]
    return info.type in ZEROING and bool(sample) and math.prod(sample) < FEW_VALUES


def is_bias_table(info: LayerInfo) -> bool:
    """Whether it is an embedding of one value per row, such as a bias of each user.

    It starts at 0, and stays there where a loss compares two items of one user: it cancels out.
    """
    return info.type.startswith("Embedding") and info.shape[-1:] == (1,)


def is_fixed_table(info: LayerInfo) -> bool:
    """Whether it looks up positions that are computed, some of which are 0 throughout."""
    return "Sinusoidal" in info.type


def passes_on(info: LayerInfo) -> bool:
    """Whether it hands on what it gets, as an identity or a pooling does."""
    return info.type in PASSING or info.type.endswith(PASSING_ENDINGS)


def has_weights(info: LayerInfo) -> bool:
    """Whether the layer multiplies its inputs with weights; unknown types are taken to."""
    weightless = info.type in WEIGHTLESS or info.type.endswith(WEIGHTLESS_ENDINGS)
    return bool(info.type) and not weightless and not normalises(info)


def is_before(info: LayerInfo, later: LayerInfo) -> bool:
    """Whether a layer comes before another one, and is no block around it."""
    return info.order < later.order and not later.layer.startswith(f"{info.layer}.")


def drops(info: LayerInfo) -> bool:
    """Whether the layer sets values to zero at random in training."""
    return info.type.startswith(DROPPING) or info.type.endswith("DropPath")


def is_further_output(info: LayerInfo) -> bool:
    """Whether it is the second or a later one of the tensors that a module returns."""
    _, _, number = info.layer.rpartition("/")
    return number.isdecimal() and number != "0" and "/" in info.layer


def has_tail(info: LayerInfo) -> bool:
    """Whether many outputs may be next to zero by the layer's nature."""
    return any(name in info.type for name in TAILED)


def may_put_out_zeros(info: LayerInfo) -> bool:
    """Whether exact zeros are usual: in ReLU-like layers, and in blocks that may end in one."""
    block = has_weights(info) and not info.type.removeprefix("Lazy").startswith(PLAIN)
    return info.type in ZEROING or block


def normalises(info: LayerInfo) -> bool:
    """Whether the layer is a batch, layer, group or other norm."""
    return any(name in info.type for name in NORMALISING)
