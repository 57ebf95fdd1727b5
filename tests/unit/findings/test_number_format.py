"""Factors in the sentences of findings."""

from __future__ import annotations

import math

import pytest

from tb_activation_hist.findings.number_format import format_factor


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.031, "0.031"),
        (1.0, "1"),
        (2.449, "2.4"),
        (31.4, "31"),
        (955.0, "960"),
        (9.31e3, "9,300"),
        (123_456.0, "120,000"),
        (999_999.0, "1 million"),
        (2.44e6, "2.4 million"),
        (3.1e10, "31 billion"),
        (6.6e14, "660 trillion"),
        (3.2e30, "10^30"),
        (math.inf, "endlessly many"),
    ],
)
def test_factors_read_as_people_write_them(value: float, words: str) -> None:
    assert format_factor(value) == words
