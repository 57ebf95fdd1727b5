from __future__ import annotations

import math

import pytest

from tb_activation_hist.core.loss_history import LossHistory, is_training_loss


def test_a_loss_that_goes_bad_within_its_first_window_has_a_mean_by_then() -> None:
    loss = LossHistory("loss", steps=(4, 8), means=(1.0, 2.0), window=4, non_finite=2)
    assert loss.until(1).means == ()
    early = loss.until(2)
    assert early.non_finite == 2
    assert math.isnan(early.means[-1])
    assert loss.until(5).means == (1.0,)


@pytest.mark.parametrize(
    ("tag", "is_one"),
    [
        ("loss", True),
        ("train.loss", True),
        ("Train/Total Loss", True),
        ("val.loss", False),
        ("Loss (validation)", False),
        ("loss:test", False),
        ("eval_loss", False),
        ("accuracy", False),
    ],
)
def test_a_training_loss_is_told_by_the_words_of_its_name(tag: str, is_one: bool) -> None:
    assert is_training_loss(tag) == is_one
