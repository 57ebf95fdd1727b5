"""Causes in order of likelihood, what to try and how to check it, for one pattern of a finding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.guidance.network import UNKNOWN_NETWORK, Network


@dataclass(frozen=True, kw_only=True)
class Guidance:
    """Texts for one pattern; ``<layer>`` and ``<step>`` in them stand for the finding's first ones.

    causes: the likeliest first, each without a full stop; none where nothing is wrong.
    remedy: what to try, whole sentences.
    code: what to try first, as Python code; ``""`` where no code helps.
    check: how to find out whether it is the first cause, whole sentences.
    """

    causes: tuple[str, ...]
    remedy: str
    code: str
    check: str

    @property
    def advice(self) -> str:
        """Causes and remedy in whole sentences."""
        if not self.causes:
            return self.remedy
        if len(self.causes) == 1:
            return f"Usual cause: {self.causes[0]}. {self.remedy}"
        between = "; " if any("," in cause for cause in self.causes) else ", "
        listed = between.join((*self.causes[:-1], f"or {self.causes[-1]}"))
        return f"Usual causes: {listed}. {self.remedy}"

    def without(self, begin: str) -> Guidance:
        """The same without the causes that begin so, unless there are no others."""
        others = tuple(cause for cause in self.causes if not cause.startswith(begin))
        return replace(self, causes=others or self.causes)

    def fill(self, layer: str, step: int) -> Guidance:
        """The same texts with a layer's name and a step in place of ``<layer>`` and ``<step>``."""

        def put(text: str) -> str:
            return text.replace("<layer>", layer).replace("<step>", str(step))

        return replace(
            self,
            causes=tuple(map(put, self.causes)),
            remedy=put(self.remedy),
            code=put(self.code),
            check=put(self.check),
        )


@dataclass(frozen=True)
class Case:
    """A finding with what identifies its pattern.

    info: of its first layer. in_front: whether that is the first recorded layer of the model.
    from_start: whether the first record of the run shows it. cause: the finding that it followed.
    network: what is known of the whole.
    """

    finding: Finding
    info: LayerInfo
    in_front: bool
    from_start: bool
    cause: Finding | None = None
    network: Network = UNKNOWN_NETWORK

    @property
    def is_embedding(self) -> bool:
        """Whether its first layer looks rows up, whose size has nothing to do with a width."""
        return self.info.type.startswith("Embedding")

    def exceeds(self, threshold: str) -> bool:
        """Whether a limit of this name was exceeded."""
        return threshold in self.finding.threshold


Pattern: TypeAlias = tuple[Callable[[Case], bool], Guidance]
"""When it holds, and what is said then."""


def always(_case: Case) -> bool:
    """For the last pattern of a kind."""
    return True


def from_start(case: Case) -> bool:
    """The first record of the run shows it."""
    return case.from_start


def is_info(case: Case) -> bool:
    """It is only worth knowing."""
    return case.finding.severity == "info"


def exceeds(threshold: str) -> Callable[[Case], bool]:
    """A limit of this name was exceeded."""
    return lambda case: case.exceeds(threshold)
