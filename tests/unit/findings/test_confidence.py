"""Confidence is that of the bench's counts, drawn towards a prior where these are few."""

from __future__ import annotations

import pytest

from tb_activation_hist.findings.confidence import PRIOR, RIGHT_AND_WRONG, UNSEEN, confidence_of
from tb_activation_hist.findings.registry import FINDING_KINDS


def test_it_follows_the_counts() -> None:
    assert confidence_of("not_learning", ["chance_share"]) == pytest.approx(UNSEEN * 17.6 / 22)
    assert confidence_of("non_finite", ["values"]) > 0.97
    assert PRIOR < confidence_of("saturated", ["saturated_scores"]) < 0.95
    assert confidence_of("saturated", []) == pytest.approx(UNSEEN * PRIOR)


def test_the_counts_are_of_known_kinds() -> None:
    assert {kind for kind, _ in RIGHT_AND_WRONG} <= set(FINDING_KINDS)
