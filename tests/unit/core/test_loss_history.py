from __future__ import annotations

import math

import pytest

from tb_activation_hist.core.loss_history import (
    LossFollower,
    is_training_loss,
    loss_to_text,
    texts_to_losses,
)


def test_the_first_value_is_kept_when_windows_are_joined() -> None:
    follower = LossFollower("loss")
    for step in range(1, 301):
        follower.add(step, 100.0 if step == 1 else 1.0)
    (stored,) = texts_to_losses([loss_to_text(follower.history)])
    assert (stored.first, stored.window) == (100.0, 8)


def test_a_loss_of_an_older_version_has_no_first_value() -> None:
    text = '{"tag":"loss","steps":[1],"means":[2.0],"window":1,"non_finite":0}'
    (stored,) = texts_to_losses([text])
    assert math.isnan(stored.first)


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
