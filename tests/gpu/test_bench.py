"""The script that proves the package on a GPU, tried here on the CPU so that it cannot rot."""

from __future__ import annotations

import json
import sys

import pytest
import torch

from bench.gpu import __main__ as bench
from bench.gpu import checks
from bench.gpu.clock import Deadline
from bench.gpu.ways import fastai_statistics, make_fastai_statistics, ways

WAYS = list(ways(()))


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """What ``--smoke`` writes as JSON."""
    path = tmp_path_factory.mktemp("gpu") / "found.json"
    assert bench.main(["--smoke", "--json", str(path)]) == 0
    torch._dynamo.reset()
    return json.loads(path.read_text())


def test_every_training_is_timed_with_every_way(smoke):
    assert [each["training"] for each in smoke["steps"]] == [
        "tiny GPT, eager",
        "tiny ResNet",
        "tiny GPT, compiled",
        "tiny ViT",
    ]
    for each in smoke["steps"]:
        assert each["missing"] == {}
        assert list(each["ways"]) == WAYS
        for row in each["ways"].values():
            assert row["ms"] > 0
    assert smoke["ended_early"] is False


def test_the_kernel_is_measured_on_each_kind_of_data(smoke):
    rows = smoke["kernel"]["rows"]
    assert len({(row["data"], row["dtype"]) for row in rows}) == 7 * 3
    assert all(row["times_read"] > 0 for row in rows)
    assert smoke["checks"]["checks"][0]["ok"]


def test_without_a_device_it_says_so_and_ends_with_2(capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert bench.main([]) == 2
    assert "there is no CUDA device" in capsys.readouterr().out


def test_what_takes_too_long_is_ended_and_what_it_printed_is_kept():
    program = "import time; print('so far', flush=True); time.sleep(60)"
    output, ended = checks.run_process([sys.executable, "-c", program], Deadline(1.0))
    assert (output.strip(), ended) in {("so far", None), ("", None)}


def test_a_report_that_is_late_prints_what_it_has(capsys):
    report = bench.Report(None)
    report.found["kernel"] = {"rows": []}
    assert report.finish(late=True) == 0
    printed = capsys.readouterr().out
    assert "The time was over" in printed
    assert json.loads(printed.partition("JSON ")[2])["ended_early"] is True


def test_the_stand_in_for_fastai_takes_what_fastai_takes():
    pytest.importorskip("fastai")
    values = torch.randn(1000)
    theirs, ours = make_fastai_statistics()(values), fastai_statistics(values)
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        assert torch.equal(torch.as_tensor(value), torch.as_tensor(theirs[name]))


@pytest.mark.parametrize(
    ("found", "wrong"),
    [
        ({}, False),
        ({"kernel_tests": "4 passed, 1 xfailed"}, False),
        ({"kernel_tests": "not run: pytest is not installed", "kernel_exit": None}, False),
        ({"checks": [{"ok": True}, {"ok": False}]}, True),
        ({"complete": False, "exit": -11}, True),
        ({"complete": False, "exit": None}, False),
        ({"kernel_tests": "no tests ran", "kernel_exit": 5}, True),
        ({"kernel_tests": "1 failed, 3 passed", "kernel_exit": 1}, True),
    ],
    ids=str,
)
def test_a_check_that_crashed_or_never_ran_is_no_success(found, wrong):
    fine = {"checks": [{"ok": True}], "complete": True, "exit": 0}
    assert checks.failed({**fine, "kernel_tests": "4 passed", "kernel_exit": 0, **found}) is wrong
