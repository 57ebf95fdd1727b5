"""Which records count where several writers wrote one run."""

from dataclasses import replace

import numpy as np
import pytest

from tb_activation_hist.core.sessions import (
    SessionNotes,
    SessionPart,
    describe_notes,
    join_sessions,
    merge_notes,
)
from tests.series import values_to_series


def part(session, steps, at, ordinal=0, every_s=1.0):
    """Records of one value each, which is the session's number."""
    series = values_to_series([np.full(3, session, np.float32)] * len(steps), steps=list(steps))
    wall_times = at + every_s * np.arange(len(steps))
    tallies = replace(series.tallies, wall_times=wall_times)
    return SessionPart(replace(series, tallies=tallies), session, ordinal)


def held(joined):
    """The session that each step is from."""
    return dict(zip(joined.series.steps.tolist(), joined.series.max.tolist(), strict=True))


@pytest.mark.parametrize("backwards", [False, True])
def test_what_was_recorded_behind_a_later_start_is_left_out(backwards):
    parts = [part(1, range(1, 51), 0), part(1, range(51, 101), 50, 50), part(2, range(41, 61), 200)]
    joined = join_sessions(parts[::-1] if backwards else parts)
    assert held(joined) == {step: 1 if step < 41 else 2 for step in range(1, 61)}
    assert joined.notes == SessionNotes(41, concurrent=False)
    assert joined.newest == 2


def test_a_restart_from_the_first_step_leaves_nothing_of_the_run_before():
    joined = join_sessions([part(1, range(1, 101), 0), part(2, range(1, 41), 200)])
    assert held(joined) == dict.fromkeys(range(1, 41), 2)


def test_three_tries_each_from_an_earlier_step():
    tries = [part(7, range(1, 10), 0), part(5, range(6, 8), 20), part(6, range(4, 6), 40)]
    assert held(join_sessions(tries)) == {1: 7, 2: 7, 3: 7, 4: 6, 5: 6}


def test_a_run_that_goes_on_has_nothing_to_tell():
    joined = join_sessions([part(2, range(1, 5), 0), part(1, range(5, 9), 10)])
    assert held(joined) == {step: 2 if step < 5 else 1 for step in range(1, 9)}
    assert describe_notes(joined.notes) == []


def test_a_writer_that_goes_back_hides_its_own_tail():
    joined = join_sessions([part(1, range(1, 11), 0), part(1, range(4, 7), 20, ordinal=10)])
    assert joined.series.wall_times.tolist() == [0, 1, 2, 20, 21, 22]
    assert joined.notes.abandoned_from == 4


def test_a_step_that_is_written_again_counts_once_and_is_not_reported():
    joined = join_sessions([part(1, [5], 0), part(1, [5, 6], 1, ordinal=1)])
    assert joined.series.wall_times.tolist() == [1, 2]
    assert joined.notes == SessionNotes()


def test_two_at_one_time_hide_nothing_of_each_other():
    two = [part(1, range(1, 11), 0), part(2, range(1, 6), 0.5, every_s=3.0)]
    joined = join_sessions(two)
    assert held(joined) == {s: 2 if s <= 5 else 1 for s in range(1, 11)}
    assert joined.newest is None
    assert joined.notes == SessionNotes(None, concurrent=True)
    after = join_sessions([*two, part(3, [8], 100)])
    assert held(after) == {s: 2 if s <= 5 else 1 for s in range(1, 8)} | {8: 3}
    assert after.notes == SessionNotes(8, concurrent=True)
    assert len(describe_notes(after.notes)) == 2


def test_notes_of_layers_make_those_of_the_run():
    notes = [SessionNotes(), SessionNotes(9), SessionNotes(7, concurrent=True)]
    assert merge_notes(notes) == SessionNotes(7, concurrent=True)
    assert merge_notes([]) == SessionNotes()
    assert SessionNotes(7, concurrent=True).since(SessionNotes(9)) == SessionNotes(None, True)
