"""One-layer deviations: what is changed, in which model, and which layer must be named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


class Deviation(NamedTuple):
    """plant: changes the model's block of this number, and returns the layer that must be named."""

    name: str
    models: tuple[str, ...]
    plant: Callable[[Any, int, torch.Generator], str]


def _share(random: torch.Generator, low: float, high: float) -> float:
    return low + (high - low) * float(torch.rand((), generator=random))


def _choose(random: torch.Generator, *names: str) -> str:
    return names[int(torch.randint(len(names), (), generator=random))]


def _epsilon(model: Any, block: int, random: torch.Generator) -> str:
    name = _choose(random, *(("bn1", "bn2") if _is_resnet(model) else ("norm1", "norm2")))
    norm = getattr(model.blocks[block], name)
    norm.eps *= _share(random, 1.1, 20)
    return f"blocks.{block}.{name}"


def _epsilon_port(model: Any, block: int, random: torch.Generator) -> str:
    name = _choose(random, "norm1", "norm2")
    getattr(model.blocks[block], name).eps = 10 ** _share(random, -3, -2)
    return f"blocks.{block}.{name}"


def _padding(model: Any, block: int, random: torch.Generator) -> str:
    mode = _choose(random, "circular", "reflect", "replicate")
    if _is_resnet(model):
        name = _choose(random, "conv1", "conv2")
        _pad(getattr(model.blocks[block], name), mode)
        return f"blocks.{block}.{name}"
    _pad(model.patches, mode)
    return "patches"


def _pad(conv: Any, mode: str) -> None:
    conv.padding_mode = mode
    conv._reversed_padding_repeated_twice = [each for p in conv.padding[::-1] for each in (p, p)]


def _scale(model: Any, block: int, random: torch.Generator) -> str:
    if _is_resnet(model):
        model.blocks[block].bn2.weight.data *= _share(random, 1.02, 1.2)
        return f"blocks.{block}.bn2"
    owner = getattr(model.blocks[block], "attention", model.blocks[block])
    owner.scale *= _share(random, 1.3, 3)
    # Nothing is recorded between q, k, v and the projection of what they give.
    return f"blocks.{block}.{'attention.' * (owner is not model.blocks[block])}out"


def _dtype(model: Any, block: int, random: torch.Generator) -> str:
    names = ("conv1", "conv2") if _is_resnet(model) else ("up", "down")
    name = _choose(random, *names)
    layer = getattr(model.blocks[block], name)
    dtype = getattr(torch, _choose(random, "bfloat16", "float16"))
    plain = layer.forward

    def forward(x: Tensor) -> Tensor:
        with torch.autocast("cpu", dtype):
            out: Tensor = plain(x)
        return out.to(x.dtype)

    layer.forward = forward
    return f"blocks.{block}.{name}"


def _transposed(model: Any, block: int, random: torch.Generator) -> str:
    if hasattr(model.blocks[block], "attention"):
        name = _choose(random, "square", "attention.q", "attention.v", "attention.out")
    else:
        name = "out"
    layer = model.blocks[block].get_submodule(name)
    layer.weight.data = layer.weight.data.T.contiguous()
    return f"blocks.{block}.{name}"


def _no_bias(model: Any, block: int, random: torch.Generator) -> str:
    names = ("conv1", "conv2") if _is_resnet(model) else ("up", "down")
    name = _choose(random, *names)
    getattr(model.blocks[block], name).bias = None
    return f"blocks.{block}.{name}"


def _rotary(model: Any, block: int, random: torch.Generator) -> str:
    attention = model.blocks[block].attention
    if torch.rand((), generator=random) < 0.5:
        attention.rotary = "neighbours"
    else:
        attention.rotary_base = _share(random, 500, 5_000)
    return f"blocks.{block}.attention.out"


def _dropout(model: Any, block: int, random: torch.Generator) -> str:
    name = "dropout" if hasattr(model.blocks[block], "dropout") else _choose(random, *DROPOUTS)
    getattr(model.blocks[block], name).p = _share(random, 0.05, 0.3)
    return f"blocks.{block}.{name}"


DROPOUTS = ("dropout1", "dropout2")


def _activation(model: Any, block: int, random: torch.Generator) -> str:
    if _is_resnet(model):
        model.blocks[block].relu = nn.LeakyReLU(_share(random, 0.01, 0.1))
        return f"blocks.{block}.relu"
    other = {"none": "tanh", "tanh": "none"}[model.blocks[block].act.approximate]
    model.blocks[block].act = (
        nn.GELU(other) if torch.rand((), generator=random) < 0.7 else nn.SiLU()
    )
    return f"blocks.{block}.act"


def _position(model: Any, _block: int, _random: torch.Generator) -> str:
    model.first_position = 1
    return "positions"


def _is_resnet(model: Any) -> bool:
    return type(model).__name__ == "ResNet"


TRANSFORMERS = ("GPT", "ViT")
ALL = ("ResNet", *TRANSFORMERS)

DEVIATIONS = (
    Deviation("epsilon of a norm", ALL, _epsilon),
    Deviation("padding mode", ("ResNet", "ViT"), _padding),
    Deviation("scale", (*ALL, "GPT-2"), _scale),
    Deviation("dtype of one layer", (*ALL, "GPT-2"), _dtype),
    Deviation("transposed weight", (*TRANSFORMERS, "GPT-2"), _transposed),
    Deviation("missing bias", (*ALL, "GPT-2"), _no_bias),
    Deviation("wrong rotary", ("GPT",), _rotary),
    Deviation("dropout left on", (*ALL, "GPT-2"), _dropout),
    Deviation("changed activation", (*ALL, "GPT-2"), _activation),
    Deviation("epsilon of a norm", ("GPT-2",), _epsilon_port),
    Deviation("wrong position", ("GPT-2",), _position),
)
