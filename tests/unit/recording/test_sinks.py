"""Where a run goes on, and with what."""

from __future__ import annotations

import threading

import pytest
import torch
from torch import nn

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.logdir_histograms import read_histograms
from tb_activation_hist.storage.run_histograms import read_last_step


def record(logdir, steps=1, **options):
    model = nn.Linear(2, 2)
    with ActivationHistLogger(model, logdir, **options) as hist:
        for _ in range(steps):
            model(torch.ones(3, 2))
            hist.step()


@pytest.mark.parametrize("start", [None, 1])
def test_a_run_does_not_go_on_with_other_bins(tmp_path, start):
    record(tmp_path, bins=LinearBins(40, 0, 10))
    threads = threading.active_count()
    with pytest.raises(OptionError, match=r"started with bins=LinearBins.*got bins=FloatBits"):
        record(tmp_path, start_step=start)
    assert threading.active_count() == threads
    record(tmp_path, bins=LinearBins(40, 0.0, 10.0), start_step=start)
    assert read_histograms(tmp_path)["."]["Linear"].steps.tolist() == [1, 2]


def test_a_directory_that_holds_steps_is_reported(tmp_path, caplog):
    record(tmp_path, 6)
    assert caplog.messages == []
    record(tmp_path, 2)
    (told,) = caplog.messages
    assert "already holds steps up to 6, so this training is recorded from step 7 on" in told
    assert "another directory" in told
    caplog.clear()
    record(tmp_path, 2, start_step=8)  # as a resumed training says it
    record(tmp_path, 2, start_step=20)
    assert caplog.messages == []


@pytest.mark.parametrize("start", [0, 3])
def test_an_abandoned_tail_is_left_out_and_reported_once(start, tmp_path, caplog):
    record(tmp_path, 10)
    record(tmp_path, 2, start_step=start)
    (told,) = caplog.messages
    assert f"holds steps up to 10, and this training starts again at step {start + 1}" in told
    caplog.clear()
    run = read_histograms(tmp_path)["."]
    assert run["Linear"].steps.tolist() == list(range(1, start + 3))
    assert run["Linear"] is not None
    (told,) = caplog.messages
    assert f"started again at step {start + 1}" in told
    assert read_last_step(tmp_path) == start + 2
    record(tmp_path)
    assert read_histograms(tmp_path)["."]["Linear"].steps.tolist() == list(range(1, start + 4))
