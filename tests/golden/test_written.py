"""What is written of a fixed recording stays the same, event by event."""

from __future__ import annotations

import pytest

from tests.golden.make_written import FOLDER, RECORDINGS, read_written


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_fixed_recording_is_written_as_before(name, tmp_path):
    RECORDINGS[name](tmp_path)
    written, golden = read_written(tmp_path), read_written(FOLDER / name)
    assert len(golden) > 10
    assert [event.step for event in written] == [event.step for event in golden]
    for event, expected in zip(written, golden, strict=True):
        assert event == expected
