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


def record(logdir, **options):
    model = nn.Linear(2, 2)
    with ActivationHistLogger(model, logdir, **options) as hist:
        model(torch.ones(3, 2))
        hist.step()


@pytest.mark.parametrize("start", [None, 1])
def test_a_run_does_not_go_on_with_other_bins(tmp_path, start):
    record(tmp_path, bins=LinearBins(40, 0, 10))
    threads = threading.active_count()
    with pytest.raises(OptionError, match=r"begun with bins=LinearBins.*got bins=FloatBits"):
        record(tmp_path, start_step=start)
    assert threading.active_count() == threads
    record(tmp_path, bins=LinearBins(40, 0.0, 10.0), start_step=start)
    assert read_histograms(tmp_path)["."]["Linear"].steps.tolist() == [1, 2]
