"""What is known of a run beside its histograms, as far as findings use it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class RunFacts:
    """Facts of one run; empty where nothing is known, as for files of older versions.

    silent: layers that were selected and never ran while they were recorded.
    eval_layers: layers that were in eval mode at the last look.
    frozen, trainable: names of parameters by their `requires_grad` at the last look, as in
    ``weights/<name>``.
    last_step: of the newest record, also where no layer ran in it; 0 where it is not known.
    """

    silent: tuple[str, ...] = ()
    eval_layers: tuple[str, ...] = ()
    frozen: frozenset[str] = frozenset()
    trainable: frozenset[str] = frozenset()
    last_step: int = 0


NO_FACTS: Final = RunFacts()


def info_to_run_facts(info: Mapping[str, Any]) -> RunFacts:
    """The facts in what the logger noted about its run; fields of a wrong type count as absent."""
    return RunFacts(
        silent=tuple(_texts(info.get("silent"))),
        eval_layers=tuple(_texts(info.get("eval_layers"))),
        frozen=frozenset(_texts(info.get("frozen_parameters"))),
        trainable=frozenset(_texts(info.get("trainable_parameters"))),
    )


def _texts(value: object) -> Iterable[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
