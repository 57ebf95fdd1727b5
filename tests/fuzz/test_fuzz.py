"""Hostile input in the normal run of tests; ``make fuzz`` takes far more of it."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

from tests.fuzz.inputs import hostile_request
from tests.fuzz.targets import CHECKS, hostile_data
from tests.plugin.site import Site

NUMBERS = {
    "slices": 150,
    "block": 1500,
    "metadata": 1500,
    "notes": 1500,
    "buckets": 200,
    "proto": 300,
    "file": 300,
}
SLOWEST_S = 2.0


@pytest.mark.parametrize("name", CHECKS)
def test_what_is_stored(name: str) -> None:
    for seed in range(NUMBERS[name]):
        with np.errstate(all="ignore"):
            CHECKS[name](random.Random(seed))


def test_what_is_served() -> None:
    for seed in range(100):
        rng = random.Random(seed)
        site = Site(hostile_data(rng))
        index = site.get("/index")
        assert [each["name"] for each in index.json["runs"]] == ["bad", "good"], seed
        bad = [{"run": "bad", "tag": f"activations/{number}"} for number in range(5)]
        foreign = {"run": "bad", "tag": "w", "source": "histograms"}
        good, *others = site.tiles({"run": "good", "tag": "activations/conv1"}, *bad, foreign)
        assert good["records"] == 40
        errors = [tile["error"] for tile in others if "error" in tile]
        assert not any("plugin failed" in error for error in errors), (seed, errors)


def test_what_is_asked() -> None:
    site = Site(hostile_data(random.Random(0)))
    for seed in range(1000):
        method, route, options = hostile_request(random.Random(seed))
        start = time.process_time()
        answer = site.ask(method, route, **options)
        assert time.process_time() - start < SLOWEST_S, (seed, route)
        assert answer.status_code < 500, (seed, route, answer.text)
