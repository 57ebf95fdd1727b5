"""Every option: its documentation, and what a wrong value is told."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import get_args

import pytest

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.names import KINDS, PHASES
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.findings import DEFAULT_OPTIONS, WATCHED_KINDS
from tb_activation_hist.findings.periodic import (
    BETWEEN,
    FIRST_LOOKS,
    LONG_PART,
    LOOK_SHARE,
)
from tb_activation_hist.findings.registry import RUN_RULES
from tb_activation_hist.recording.options import (
    GROUPS,
    CaptureOptions,
    LoggerOptions,
    RecordingOptions,
    WatchedKind,
    WriterOptions,
    option_rows,
    split_options,
)

WRONG = {
    "every": [0, -1, 1.5, True, "2"],
    "kinds": [[], "activation", "", ["activation"], 3],
    "phases": [[], "test", ["test"]],
    "bins": [40, "linear", None],
    "per_call": [1, None],
    "accumulate": ["yes"],
    "model_inputs": ["yes"],
    "split": ["conv1", {"conv1": 1.5}, {"conv1": True}, ["conv1"]],
    "split_exact": [None, 1],
    "split_bins": [None, 1],
    "merge_ranks": [0],
    "per_rank": [None],
    "thin_after": [0, 1, 2.5, True],
    "sizes_every": [0, -1, 2.5, True],
    "name": ["", ".", 3, True],
    "start_step": [-1, 1.0],
    "schedule": [10, "log"],
    "overhead_budget": [0, 1, -0.1, True, "2 %"],
    "rank_timeout_s": [0, -1.0, None],
    "warn_on": ["colapsed", ["colapsed"], None, ["run_difference"]],
    "stop_on": ["nan", [None], 3],
    "on_finding": ["print", 3],
    "alert_url": ["hooks.slack.com/services/x", "ftp://a", 3],
    "on_error": ["ignore", None],
    "block_records": [0, 33, 1.0],
    "queue_records": [0, None],
    "histogram_points": [-1],
    "scalar_points": [-1, 0.5],
    "dashboard_cards": [-1, 0.5, "all"],
    "flush_s": [0, "5"],
    "close_timeout_s": [0],
    "on_backlog": ["drop"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_wrong_value_is_refused_by_name(name, value):
    with pytest.raises(OptionError, match=rf"^{name} must be .*, but got ") as caught:
        split_options({name: value})
    assert repr(value) in str(caught.value)


def test_every_option_with_limits_is_covered_here():
    unlimited = {"layers", "optimizer", "scaler"}
    assert {row.name for row in option_rows()} == {*WRONG, *unlimited}


def test_the_table_names_each_option_once_with_default_unit_and_meaning():
    rows = {row.name: row for row in option_rows()}
    assert len(rows) == len(option_rows())
    assert rows["every"].default == "1"
    assert rows["flush_s"] == ("flush_s", "5.0", "seconds", rows["flush_s"].doc)
    assert all(row.doc.endswith(".") for row in rows.values())


def test_type_checkers_know_the_options_of_the_table_with_their_types():
    typed = {name: given.__forward_arg__ for name, given in LoggerOptions.__annotations__.items()}
    for group in GROUPS:
        for each in fields(group):
            assert typed.get(each.name) == each.type, f"{group.__name__}.{each.name}"
    assert list(typed) == [row.name for row in option_rows()]
    assert LoggerOptions.__required_keys__ == frozenset()


def test_type_checkers_know_the_findings_that_can_be_watched_for():
    assert get_args(WatchedKind) == WATCHED_KINDS


def test_every_kind_and_phase_is_documented():
    docs = {row.name: row.doc for row in option_rows()}
    assert re.findall("`(.*?)`", docs["kinds"]) == list(KINDS)
    assert all(f"`{phase}`" in docs["phases"] for phase in PHASES)


def test_options_go_to_the_group_that_knows_them():
    capture, _, writing = split_options({"every": 3, "flush_s": 1, "on_error": "raise"})
    assert capture == CaptureOptions(every=3, on_error="raise")
    assert writing == WriterOptions(flush_s=1, on_error="raise")


def test_an_unknown_option_gets_the_nearest_name():
    with pytest.raises(OptionError, match=r"no option 'evry'\. Did you mean 'every'"):
        split_options({"evry": 2})
    with pytest.raises(OptionError, match="Known options: layers, every, kinds"):
        split_options({"zzzz": 2})


@pytest.mark.parametrize("other", [{"every": 2}, {"overhead_budget": 0.1}])
def test_a_schedule_decides_alone(other):
    with pytest.raises(OptionError, match="when schedule is given"):
        CaptureOptions(schedule=lambda step: True, **other)


def test_every_watched_kind_may_be_asked_for_and_is_documented():
    assert RecordingOptions(warn_on=list(WATCHED_KINDS), stop_on=WATCHED_KINDS[:1])
    (row,) = [row for row in option_rows() if row.name == "warn_on"]
    assert re.findall("`(.*?)`", row.doc)[: len(WATCHED_KINDS)] == list(WATCHED_KINDS)


def test_the_delays_in_the_documentation_of_warn_on_are_the_real_ones():
    (row,) = [row for row in option_rows() if row.name == "warn_on"]
    waits = [rule.online.least_records(DEFAULT_OPTIONS) for rule in RUN_RULES if rule.online]
    assert f"reported within {max(waits)} records" in row.doc
    first = f"after each of the first {FIRST_LOOKS} records"
    assert f"{first} and then at most {BETWEEN} apart" in row.doc
    assert f"after {BETWEEN * LONG_PART} each {LONG_PART}nd part of the run" in row.doc
    assert f"looks take {LOOK_SHARE:.0%}".replace("%", " %") in row.doc


def test_linear_bins_and_both_phases_are_accepted():
    options = CaptureOptions(bins=LinearBins(40, 0, 10), phases=["train", "eval"])
    assert options.phases == ("train", "eval")
