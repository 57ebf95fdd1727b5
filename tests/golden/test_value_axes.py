"""The notebook's value axes are those of the golden file; the page's tests read the same one."""

from __future__ import annotations

import json

import pytest

from tests.golden.make_value_axes import FILE, cases, golden_text

KEPT = {case["name"]: case for case in json.loads(FILE.read_text(encoding="utf-8"))["cases"]}
MADE = {case["name"]: case for case in json.loads(golden_text())["cases"]}


def test_every_case_is_kept() -> None:
    assert KEPT.keys() == MADE.keys() == cases().keys()


@pytest.mark.parametrize("name", KEPT)
def test_value_axes(name: str) -> None:
    kept, made = KEPT[name]["axes"], MADE[name]["axes"]
    for key, value in kept.items():
        assert made[key] == pytest.approx(value, rel=1e-12, abs=1e-300), key
