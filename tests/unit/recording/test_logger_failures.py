"""Whatever goes wrong around the logger, a training goes on or ends as it would without us."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch
from torch import nn

from tb_activation_hist.core.errors import ActivationHistWarning
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.logdir_histograms import read_histograms
from tb_activation_hist.storage.memory_writer import MemoryWriter

ROOT = Path(__file__).parents[3]


def make_model():
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU())


def run_script(body, folder):
    """A training in its own process; how it ended, and what it printed."""
    script = """
        import os, sys, time
        import torch
        from torch import nn
        from tb_activation_hist import ActivationHistLogger
        model = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
        def train(hist, steps):
            for _ in range(steps):
                model(torch.ones(3, 4)).sum().backward()
                hist.step()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script) + textwrap.dedent(body), str(folder)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=500,
    )
    return done.returncode, done.stdout + done.stderr


def steps_of(folder):
    return read_histograms(folder)["."]["0"].steps.tolist()


def test_a_forked_child_leaves_the_run_alone(tmp_path):
    body = """
        hist = ActivationHistLogger(model, sys.argv[1])
        train(hist, 2)
        child = os.fork()
        train(hist, 3)
        if child == 0:
            hist.flush()
            hist.close()
            sys.exit(0)
        os.waitpid(child, 0)
        hist.close()
    """
    code, said = run_script(body, tmp_path)
    assert code == 0, said
    assert "Traceback" not in said
    series = read_histograms(tmp_path)["."]["0"]
    assert series.steps.tolist() == [1, 2, 3, 4, 5]
    assert series.n.tolist() == [24] * 5


def test_ctrl_c_closes_the_run(tmp_path):
    body = """
        try:
            with ActivationHistLogger(model, sys.argv[1]) as hist:
                train(hist, 3)
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            print(any(module._forward_hooks for module in model.modules()))
    """
    code, said = run_script(body, tmp_path)
    assert (code, said) == (0, "False\n")
    assert steps_of(tmp_path) == [1, 2, 3]


def test_a_failing_store_is_reported_once(monkeypatch):
    model, writer = make_model(), MemoryWriter()
    hist = ActivationHistLogger(model, writer)
    monkeypatch.setattr(writer, "store", lambda record: 1 / 0)

    def train():
        for _ in range(5):
            model(torch.ones(3, 4))
            hist.step()
        hist.flush()

    with pytest.warns(ActivationHistWarning, match="division by zero") as told:
        train()
    assert len(told) == 1
    hist.close()


def test_an_abandoned_logger_with_an_optimizer_does_not_hold_it_back():
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    hist = ActivationHistLogger(model, MemoryWriter(), optimizer=optimizer)
    hist.close()
    model(torch.ones(3, 4)).sum().backward()
    optimizer.step()
    assert hist.steps == 0
    assert not optimizer._optimizer_step_post_hooks


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux tells it this way")
def test_memory_stays_bounded_over_100_000_steps(tmp_path):
    """The cadence is the default one, so 13,125 of the steps are recorded, into a file.

    Steps of 50 microseconds would be thinned further by the overhead's budget.
    """
    model, x = nn.Sequential(nn.Linear(2, 2)), torch.ones(1, 2)
    options = {"overhead_budget": None, "on_error": "raise"}
    with ActivationHistLogger(model, tmp_path, **options) as hist:

        def train(steps):
            for _ in range(steps):
                model(x)
                hist.step()
            hist.flush()
            return resident_bytes()

        before = train(10_000)
        after = train(90_000)
    assert after - before < 8_000_000  # less than 90 bytes a step
    assert len(read_histograms(tmp_path)["."]["0"]) == 13_125


def resident_bytes():
    """Memory of this process that lies in RAM, as the system counts it."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_no_activation_is_kept_alive():
    model, seen = make_model(), []
    model.register_forward_hook(lambda module, args, out: seen.append(_reference(out)))
    with ActivationHistLogger(model, MemoryWriter(), on_error="raise") as hist:
        for _ in range(3):
            model(torch.ones(3, 4)).sum().backward()
            hist.step()
        assert [reference() for reference in seen] == [None, None, None]


def _reference(tensor):
    import weakref

    return weakref.ref(tensor)
