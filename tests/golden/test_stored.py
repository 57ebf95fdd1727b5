"""Runs that earlier versions stored stay readable."""

import json

import pytest

from tb_activation_hist.storage.logdir_histograms import read_histograms
from tests.golden.make_stored import FOLDER, summarise


@pytest.mark.parametrize("version", ["stored_v1"])
def test_a_stored_run_reads_as_it_was_written(version):
    folder = FOLDER.parent / version
    assert summarise(folder) == json.loads((folder / "expected.json").read_text())


def test_the_runs_information_is_read():
    assert read_histograms(FOLDER)["."].info == {"version": 1, "cadence": "every step"}
