"""A few of the deviations that bench.compare plants; it has them all, with its figures."""

from __future__ import annotations

import pytest

from bench.compare.__main__ import try_deviation
from bench.compare.deviations import DEVIATIONS

BY_NAME = {
    (deviation.name, model): deviation for deviation in DEVIATIONS for model in deviation.models
}


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("epsilon of a norm", "ResNet"),
        ("dtype of one layer", "ResNet"),
        ("wrong rotary", "GPT"),
        ("transposed weight", "ViT"),
    ],
)
def test_the_layer_that_deviates_is_named_first(name: str, model: str) -> None:
    found = try_deviation(BY_NAME[name, model], model, seed=0)
    assert (found.named, found.step) == (found.expected, 1)
