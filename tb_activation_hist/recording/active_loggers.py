"""Who records what in this process: a cell that is run again takes over, and names do not mix."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import nn

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.nearest import list_names
from tb_activation_hist.recording.attached_model import AttachedModel
from tb_activation_hist.recording.sinks import MEMORY


@dataclass(eq=False)
class Claim:
    """What loggers know of each other. Each logger keeps its own.

    place: where the records go, the same for all ways to name it. close: gives the logger's
    method, as long as there is the logger. turn: grows with each time that a logger puts its hooks
    on; None before.
    """

    place: str
    model: AttachedModel
    close: Callable[[], Callable[[], None] | None]
    turn: int | None = None

    @property
    def steps(self) -> int:
        """Steps that have ended."""
        return self.model.state.step - 1

    @property
    def in_memory(self) -> bool:
        """Whether the records go into memory, as those of a probe may beside a run."""
        return self.place.startswith(MEMORY)

    def end(self) -> None:
        """Close the logger."""
        close = self.close()
        if close is not None:
            close()


_CLAIMS: list[weakref.ref[Claim]] = []

_TURNS = itertools.count()

_LATEST: dict[str, int] = {}
"""By place: the turn of the logger that put its hooks on last."""


def add_claim(claim: Claim) -> None:
    """Enter a logger that puts its hooks on; those that are detached or gone are forgotten."""
    _CLAIMS[:] = [weakref.ref(each) for each in (*_others(claim), claim)]
    claim.turn = _LATEST[claim.place] = next(_TURNS)


def is_overtaken(claim: Claim) -> bool:
    """Whether another logger recorded to the same place since."""
    return _LATEST.get(claim.place) != claim.turn


def close_competitors(claim: Claim) -> None:
    """Close other loggers that record the same modules into a file, with a warning."""
    modules = {layer.module for layer in claim.model.layers}
    for other in _others(claim):
        shared = any(layer.module in modules for layer in other.model.layers)
        # Loggers of single tensors have no layers.
        shared |= not modules and not other.model.layers and other.place == claim.place
        if shared and other.in_memory == claim.in_memory:
            other.end()
            claim.model.state.warn_once(
                "Another ActivationHistLogger was still recording these layers of this model "
                f"(after {other.steps} steps). It was closed; this one takes over."
            )


def refuse_shared_names(claim: Claim) -> None:
    """See to it that no other logger records other modules under the same names to the same place.

    One whose model has run is closed with a warning: it is a cell that is run again with a new
    model. Otherwise the two are meant to run side by side: OptionError.
    """
    for other, names in _find_namesakes(claim):
        if not other.model.ran:
            raise OptionError(_explain_collision(names, claim.place))
        _take_over(claim, other)


def close_namesakes(claim: Claim) -> None:
    """The same for a logger that puts its hooks on again: nothing is raised in a training."""
    for other, _ in _find_namesakes(claim):
        _take_over(claim, other)


def _find_namesakes(claim: Claim) -> list[tuple[Claim, list[str]]]:
    """Loggers that record other modules under the same tags to the same place, and the names."""
    found = []
    own: dict[str, tuple[str, nn.Module]] | None = None
    for other in _others(claim):
        if other.place != claim.place:
            continue
        own = claim.model.tags() if own is None else own
        both = [(own[tag], each) for tag, each in other.model.tags().items() if tag in own]
        if any(mine[1] is not theirs[1] for mine, theirs in both):
            found.append((other, list(dict.fromkeys(name for (name, _), _ in both))))
    return found


def _take_over(claim: Claim, other: Claim) -> None:
    other.end()
    claim.model.state.warn_once(
        "Another ActivationHistLogger was still recording another model under the same layer "
        f"names into {claim.place!r} (after {other.steps} steps). It was closed; this one "
        "takes over. To record both, give each a name=..., or one logger both models: "
        'model={"G": g, "D": d}.'
    )


def _others(claim: Claim) -> list[Claim]:
    found = [ref() for ref in _CLAIMS]
    return [
        each for each in found if each is not None and each is not claim and each.model.attached
    ]


def _explain_collision(names: Sequence[str], place: str) -> str:
    return (
        f"Another ActivationHistLogger is about to record another model's layers "
        f"{list_names(names, 3)} into {place!r}, where the two would overwrite each other. "
        "Give each logger a name of its own (name='G', name='D'), give one logger both models "
        '(model={"G": g, "D": d}), or use another directory. Call close() on a logger that is no '
        "longer needed."
    )
