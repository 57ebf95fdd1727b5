"""Sizes of parameters that earlier versions stored stay readable."""

from __future__ import annotations

import json

from tests.golden.make_sizes import FOLDER, summarise


def test_stored_sizes_read_as_they_were_written() -> None:
    expected = json.loads((FOLDER / "expected.json").read_text())
    assert json.loads(json.dumps(summarise(FOLDER))) == expected
    assert len(expected["fc.weight"]["weights.steps"]) == 40
    assert len(expected["fc.weight"]["weight_gradients.steps"]) == 20
    assert expected["fc.bias"]["updates.steps"] == []
