"""How often findings are right, by kind and by the evidence that they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

RIGHT_AND_WRONG: Final[Mapping[tuple[str, str], tuple[int, int]]] = {
    ("non_finite", "values"): (20, 0),
    ("collapsed", "collapsed_share"): (13, 0),
    ("exploding", "gradient"): (5, 0),
    ("exploding", "growth"): (12, 0),
    ("vanishing", "vanishing_decay"): (6, 0),
    ("mostly_zero", "mostly_zero_share"): (4, 0),
    ("spike_and_crash", "cycles"): (10, 0),
    ("not_learning", "still_update"): (6, 0),
    ("not_learning", "still_steps"): (28, 0),
    ("not_learning", "rounded_share"): (2, 0),
    ("not_learning", "set_back_times"): (3, 0),
    ("not_learning", "short_way"): (2, 0),
    ("not_learning", "chance_share"): (14, 4),
    ("exploding", "weights"): (3, 0),
    ("exploding", "first_weights"): (1, 0),
    ("vanishing", "vanishing_matrices"): (4, 0),
    ("optimizer_settings", "beta_limit"): (2, 0),
    ("optimizer_settings", "decay_step"): (3, 0),
    ("strong_dropout", "dropout_setting"): (4, 0),
    ("redundant_units", "copied_rows"): (2, 0),
    ("non_finite", "loss"): (1, 0),
    ("collapsed", "equal_outputs"): (13, 0),
    ("exploding", "depth"): (7, 0),
    ("saturated", "saturated_share"): (17, 0),
    ("saturated", "saturated_scores"): (2, 0),
    ("sudden_change", "ratio"): (1, 0),
    ("input_change", "input_jump"): (2, 0),
    ("constant_input", "constant_records"): (3, 0),
    ("unscaled_inputs", "unscaled_level"): (7, 0),
    ("unscaled_inputs", "unscaled_spread"): (3, 0),
    ("vanishing", "vanishing_last"): (1, 0),
    ("relu_logits", "relu_logits_share"): (1, 0),
}
"""Kind and limit that was exceeded -> findings that were right and wrong: warnings and errors on
the worked half of the wide set of bench/findings, 2026-11-29, recorded with all kinds. From
``rounded_share`` on: 106 healthy trainings and 146 faults of the worked half and of both halves of
the fresh set; from ``equal_outputs`` on: 102 healthy ones and 152 faults of both halves of the
fresh set; default options, 2026-11-30."""

PRIOR: Final = 0.9
"""Confidence in what the bench has not counted."""

PRIOR_FINDINGS: Final = 4
"""So many findings the prior counts as: a few right ones are no proof."""


def confidence_of(kind: str, limits: Iterable[str] | None = None) -> float:
    """Share of the findings of a kind that are right, 0 to 1.

    limits: names of the limits that were exceeded; None: any of the kind's.
    """
    if limits is None:
        known = [counts for (own, _), counts in RIGHT_AND_WRONG.items() if own == kind]
    else:
        found = (RIGHT_AND_WRONG.get((kind, limit)) for limit in limits)
        known = [counts for counts in found if counts][:1]
    right, wrong = sum(own[0] for own in known), sum(own[1] for own in known)
    return (right + PRIOR * PRIOR_FINDINGS) / (right + wrong + PRIOR_FINDINGS)
