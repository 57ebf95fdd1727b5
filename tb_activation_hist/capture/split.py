"""Which layers are split, along which dimension, as the option ``split`` says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from torch import nn

from tb_activation_hist.capture.select import Layer, match_layers
from tb_activation_hist.capture.tensor_names import matches_name, without_call
from tb_activation_hist.core.errors import LayerSelectionError, OptionError
from tb_activation_hist.core.nearest import name_hint
from tb_activation_hist.core.slice_counts import MAX_BINNED, MAX_SLICES

SplitPattern: TypeAlias = str | re.Pattern[str] | type[nn.Module] | nn.Module
"""Name, glob pattern, regular expression (searched), module type, or module."""

Split: TypeAlias = Mapping[SplitPattern, int]
"""The dimension along which the layers that a pattern names are split; the first match counts."""

MODULE_KINDS: Final = ("activations", "gradients")
"""Kinds that a pattern splits when it names modules; other names it is held against as a text."""


class SplitRules:
    """The option ``split`` held against the layers of a model.

    A pattern that names modules splits what they output, and its gradients. Another one is held
    against the full names of tensors: of parameters (``"*.weight"``), of one of several outputs
    (``"lstm/0"``), and of those that `record` counts (``"*.attn/scores"``).
    """

    def __init__(
        self, split: Split | None = None, layers: Sequence[Layer] = (), others: Iterable[str] = ()
    ) -> None:
        """layers: those that are recorded; others: names of recorded parameters.

        OptionError for a pattern of a wrong type, LayerSelectionError for one that can match
        nothing.
        """
        self._split = list((split or {}).items())
        self._named: list[frozenset[int]] = []
        names = [*others]
        for pattern, _ in self._split:
            _check_pattern(pattern)
            _refuse_unknown(pattern, layers, names)
        self.update(layers)

    def update(self, layers: Sequence[Layer]) -> None:
        """The model has other layers now; what a pattern meant at first, it goes on to mean."""
        named = [
            frozenset(layer.order for layer in match_layers(pattern, layers))
            for pattern, _ in self._split
        ]
        old = self._named or named
        self._named = [new or before for new, before in zip(named, old, strict=True)]

    def unmatched(self, names: Iterable[str]) -> list[SplitPattern]:
        """Patterns that name no module and match none of these recorded names."""
        known = list(names)
        return [
            pattern
            for (pattern, _), named in zip(self._split, self._named, strict=True)
            if not named and not any(_matches_text(pattern, name) for name in known)
        ]

    def of_layer(self, layer: Layer | None = None) -> LayerRules:
        """The rules for the outputs of a layer; without one, for parameters."""
        return LayerRules(
            [
                (pattern, dim, bool(named), layer is not None and layer.order in named)
                for (pattern, dim), named in zip(self._split, self._named, strict=True)
            ]
        )


class LayerRules:
    """The rules that may split the tensors of one layer."""

    def __init__(self, rules: Sequence[tuple[SplitPattern, int, bool, bool]]) -> None:
        """Each rule: pattern, dimension, whether it names modules, whether this one is named."""
        self._rules = rules

    def dimension(self, kind: str, name: str) -> int | None:
        """The dimension along which a tensor of this full name is split; None: it is not."""
        for pattern, dim, names_modules, named in self._rules:
            if kind in MODULE_KINDS and named:
                return dim
            if not names_modules and _matches_text(pattern, name):
                return dim
        return None


def _check_pattern(pattern: object) -> None:
    if not isinstance(pattern, (str, re.Pattern, type, nn.Module)):
        msg = (
            "A pattern of split must be a name, glob pattern, re.compile(...), module type or "
            f"module, but got {pattern!r}."
        )
        raise OptionError(msg)


def _refuse_unknown(pattern: SplitPattern, layers: Sequence[Layer], others: Sequence[str]) -> None:
    if match_layers(pattern, layers) or any(_matches_text(pattern, name) for name in others):
        return
    text = pattern.pattern if isinstance(pattern, re.Pattern) else pattern
    if isinstance(text, str) and "/" in text:
        return  # names behind a slash are known when they are recorded
    known = [*(layer.name for layer in layers), *others]
    msg = (
        f"split: {text!r} matches no recorded layer. "
        f"{name_hint(str(text), known, 'recorded layers')} Names of tensors recorded with "
        "record() contain a slash, as in 'blocks.0.attn/scores' or '*/scores'."
    )
    raise LayerSelectionError(msg)


def _matches_text(pattern: SplitPattern, name: str) -> bool:
    """Whether a pattern matches a full name, with the number of a call or without."""
    if not isinstance(pattern, (str, re.Pattern)):
        return False
    return any(matches_name(pattern, each) for each in dict.fromkeys((name, without_call(name))))


def explain_missing(name: str, split: int, rank: int) -> str | None:
    """Why a tensor with this number of dimensions cannot be split; None if it can."""
    if -rank <= split < rank:
        return None
    allowed = f"from {-rank} to {rank - 1}" if rank else "none"
    return (
        f"{name} has {rank} dimensions and cannot be split along dimension {split}; allowed: "
        f"{allowed}. It is recorded without slices; correct its pattern in split."
    )


def explain_too_many(name: str, slices: int) -> str | None:
    """Why a tensor with this number of slices is not split; None if it is."""
    if slices <= MAX_SLICES:
        return None
    return (
        f"{name} has {slices:,} slices along that dimension, but at most {MAX_SLICES:,} can "
        "be recorded. It is recorded without slices; split another dimension."
    )


def explain_no_bins(name: str, slices: int) -> str:
    """Why the slices of a tensor have no bins of their own."""
    return (
        f"split_bins: {name} has {slices:,} slices along that dimension, but bins are recorded for "
        f"at most {MAX_BINNED}. Its slices are recorded without bins."
    )


def explain_shards(name: str, dim: int) -> str:
    """Why the shards of a tensor are not split."""
    return (
        f"{name} is sharded along dimension {dim} by several dimensions of its device mesh, or "
        "interleaved, so that a rank cannot tell the numbers of its slices. It is recorded "
        "without slices; split another dimension."
    )


def explain_change(name: str, before: int, now: int) -> str:
    """What becomes of a layer whose number of slices changes."""
    return (
        f"{name} had {before:,} slices and now has {now:,}. Slices with the same index are added."
    )
