"""The sizes of single records, joined to series by parameter."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from tb_activation_hist.core.parameter_sizes import (
    NOT_MEASURED,
    ParameterInfo,
    SizeRecord,
    records_to_sizes,
)

INFOS = tuple(ParameterInfo(f"l{number}.weight", (4, 4)) for number in range(3))


def make_record(step: int, seed: int, infos: tuple[ParameterInfo, ...] = INFOS) -> SizeRecord:
    rng, count = np.random.default_rng(seed), len(infos)
    totals = rng.integers(1, 9, (3, count, 3))
    totals[2, 0, 0] = NOT_MEASURED
    return SizeRecord(
        step, 0.0, infos, totals, rng.normal(size=(3, count, 4)), np.zeros((3, count), np.int8),
        np.ones(count, np.bool_), np.ones(count, np.int8), np.full(count, 0.1),
    )  # fmt: skip


def test_records_of_the_same_parameters_are_joined_as_others_are() -> None:
    """A record hides those that were written before from its step on."""
    records = [make_record(step, seed) for seed, step in enumerate((1, 2, 3, 17, 3, 33))]
    turned = replace(make_record(33, 5), parameters=(*INFOS[:2], replace(INFOS[2], name="other")))
    alike, others = records_to_sizes(records), records_to_sizes([*records[:-1], turned])
    assert alike["l0.weight"].facts.steps.tolist() == [1, 2, 3, 33]
    assert [len(own) for own in alike["l0.weight"].kinds.values()] == [4, 4, 0]
    for name in ("l0.weight", "l1.weight"):
        for kind, own in alike[name].kinds.items():
            for each in fields(own):
                one, other = getattr(own, each.name), getattr(others[name].kinds[kind], each.name)
                assert np.array_equal(one, other)
                assert one.dtype == other.dtype
        assert np.array_equal(alike[name].facts.rates, others[name].facts.rates)
    assert others["other"].facts.steps.tolist() == [33]


def test_no_records_have_no_parameters() -> None:
    assert not records_to_sizes([])
