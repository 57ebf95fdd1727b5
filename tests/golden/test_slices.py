"""Slices that earlier versions stored stay readable."""

from __future__ import annotations

import json

import numpy as np

from tb_activation_hist.storage.logdir_histograms import read_histograms
from tests.golden.make_slices import FOLDER, RUNS, summarise


def test_stored_slices_read_as_they_were_written() -> None:
    expected = json.loads((FOLDER / "expected.json").read_text())
    found = json.loads(json.dumps(summarise(FOLDER)))
    for run in RUNS:
        for name, values in found[run].items():
            want = np.array(expected[run][name], float)
            np.testing.assert_allclose(np.array(values, float), want, rtol=1e-12, err_msg=name)


def test_the_layer_beside_them_has_none() -> None:
    run = read_histograms(FOLDER / "exact")["."]
    assert list(run) == ["fc", "plain"]
    assert run["plain"].slices is None
