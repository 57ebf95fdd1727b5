"""What a module's type says about its outputs: which ones hold weights, which are bounded ..."""

from __future__ import annotations

from typing import Final

from tb_activation_hist.core.names import LayerInfo

ZEROING: Final = frozenset({"ReLU", "ReLU6", "Hardswish", "Threshold", "Softshrink", "Hardshrink"})
"""Nonlinearities that put out exact zeros; about half of them is normal."""

BOUNDED: Final = {
    "Tanh": (-1.0, 1.0),
    "Hardtanh": (-1.0, 1.0),
    "Softsign": (-1.0, 1.0),
    "Sigmoid": (0.0, 1.0),
    "Hardsigmoid": (0.0, 1.0),
}
"""Nonlinearities with two ends, where their slope is 0, or as good as 0."""

WEIGHTLESS: Final = frozenset(
    {
        *ZEROING,
        *BOUNDED,
        "LeakyReLU", "PReLU", "ELU", "SELU", "CELU", "GELU", "SiLU", "Mish", "Softplus", "GLU",
        "LogSigmoid", "Hardshrink", "Tanhshrink", "RReLU",
        "Softmax", "Softmax2d", "LogSoftmax", "Softmin",
        "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout",
        "MaxPool1d", "MaxPool2d", "MaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d",
        "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d",
        "AdaptiveMaxPool2d", "AdaptiveMaxPool3d", "AdaptiveConcatPool2d",
        "Flatten", "Unflatten", "Identity", "Upsample", "PixelShuffle", "Fold", "Unfold",
        "ZeroPad2d", "ReflectionPad2d", "ConstantPad2d",
    }
)  # fmt: skip
"""Types without weights of a matrix: they do not learn."""

PLAIN: Final = (
    "Linear", "Bilinear", "Conv", "Embedding", "LSTM", "GRU", "RNN", "MultiheadAttention",
)  # fmt: skip
"""Beginnings of types of torch that multiply with weights and end in nothing else."""

NORMALISING: Final = ("BatchNorm", "LayerNorm", "GroupNorm", "InstanceNorm", "RMSNorm")
"""Beginnings of the types that set the scale of what they pass on."""


def has_weights(info: LayerInfo) -> bool:
    """Whether the layer multiplies its inputs with weights; unknown types are taken to."""
    return bool(info.type) and info.type not in WEIGHTLESS and not normalises(info)


def may_put_out_zeros(info: LayerInfo) -> bool:
    """Whether zeros are usual: ReLU-like layers, and blocks of several layers that may end so."""
    block = has_weights(info) and not info.type.removeprefix("Lazy").startswith(PLAIN)
    return info.type in ZEROING or block


def normalises(info: LayerInfo) -> bool:
    """Whether the layer is a batch, layer, group or other norm."""
    return any(name in info.type for name in NORMALISING)
