"""What is known of a model's own input from record to record, exactly: the same, or come again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Any, Final

INPUTS_FIELD: Final = "inputs"
"""Field of the run's information with a text for each input."""

_TEXT: Final = re.compile(r"(\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (.+)", re.DOTALL)


@dataclass(frozen=True)
class InputFacts:
    """Facts of one input, such as ``inputs/Net`` or ``inputs/Net/input_ids``, in training.

    first, last: steps of the first and the last record that was looked at.
    compared: records that were held against the one before. same: those of them that were equal to
    it in every value, in the same order.
    since: first step of the records, up to `last`, that are all the same; 0 where `last` differs
    from the record before.
    rows_looked: records in which the samples of a batch were held against each other. rows_equal:
    those of them in which all samples were the same.
    period: steps after which batches came again, the latest such distance; 0: none came again.
    repeats: records in a row, up to `last`, that came again after `period` steps.
    tag: of the input's series.
    """

    first: int
    last: int
    compared: int
    same: int
    since: int
    rows_looked: int
    rows_equal: int
    period: int
    repeats: int
    tag: str

    @property
    def always_same(self) -> bool:
        """Whether every record that was compared was the same as the one before."""
        return 0 < self.compared == self.same

    @property
    def one_sample(self) -> bool:
        """Whether all samples of each batch that was looked at were the same."""
        return 0 < self.rows_looked == self.rows_equal


def facts_to_text(facts: InputFacts) -> str:
    """As the run's information keeps it: the numbers in the order of the fields, then the tag."""
    return " ".join(map(str, astuple(facts)))


def texts_to_facts(texts: Iterable[str]) -> tuple[InputFacts, ...]:
    """Inverse of `facts_to_text` for several; what is no such text is left out."""
    return tuple(_to_facts(match) for match in map(_TEXT.fullmatch, texts) if match)


def _to_facts(match: re.Match[str]) -> InputFacts:
    *numbers, tag = match.groups()
    fields: list[Any] = [*map(int, numbers), tag]
    return InputFacts(*fields)
