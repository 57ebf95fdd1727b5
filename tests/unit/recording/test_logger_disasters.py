"""What no program can prevent: the disk, the directory, the thread or the process is gone.

In each case the training goes on (or ends as it would without us), one warning says what happened,
and TensorBoard reads what was flushed.
"""

# ruff: noqa: PT012, PT031 - what warns or raises is a whole training

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn

from tb_activation_hist.core.errors import ActivationHistWarning, LogdirError
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.logdir_histograms import read_histograms
from tests.stored import wait_for
from tests.unit.recording.test_logger_failures import run_script

TAG = "activations/0"


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 kB in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("only root may mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def make_model():
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU())


def train(model, hist, steps):
    for _ in range(steps):
        model(torch.randn(3, 4)).sum().backward()
        hist.step()


def first_steps(folder):
    """Steps of the events that TensorBoard's own loader finds; the first of each block."""
    accumulator = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    accumulator.Reload()
    return [event.step for event in accumulator.Tensors(TAG)]


def all_steps(folder):
    return read_histograms(folder)["."]["0"].steps.tolist()


def test_a_full_disk(small_disk):
    """Once there is room again, nothing is missing."""
    run, filler = small_disk / "run", small_disk / "filler"
    model = make_model()
    hist = ActivationHistLogger(model, run)
    train(model, hist, 5)
    hist.flush()
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(bytes(1024))
    with pytest.warns(ActivationHistWarning, match="No space left on device") as told:
        for _ in range(4):
            train(model, hist, 40)
            hist.flush()
    assert len(told) == 1
    assert all_steps(run)[:5] == [1, 2, 3, 4, 5]
    assert first_steps(run)[0] == 1
    filler.unlink()
    hist.close()
    assert all_steps(run) == list(range(1, 166))
    assert first_steps(run)[-1] > 100


def test_a_disk_that_becomes_read_only(small_disk):
    model = make_model()
    hist = ActivationHistLogger(model, small_disk / "run")
    train(model, hist, 3)
    hist.flush()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.warns(ActivationHistWarning, match="Read-only file system") as told:
        train(model, hist, 3)
        hist.close()
    assert len(told) == 1
    assert hist.steps == 6
    assert all_steps(small_disk / "run") == [1, 2, 3]
    assert first_steps(small_disk / "run") == [1]
    with pytest.raises(LogdirError, match="Read-only file system"):
        ActivationHistLogger(model, small_disk / "other")


def test_a_directory_that_is_moved_away(tmp_path):
    model = make_model()
    hist = ActivationHistLogger(model, tmp_path / "run")
    train(model, hist, 3)
    hist.flush()
    (tmp_path / "run").rename(tmp_path / "moved")
    with pytest.warns(ActivationHistWarning, match="No such file or directory") as told:
        train(model, hist, 3)
        hist.flush()
        hist.close()
    assert len(told) == 1
    assert hist.steps == 6
    assert all_steps(tmp_path / "moved") == [1, 2, 3]
    assert first_steps(tmp_path / "moved") == [1]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_writers_thread_dies(tmp_path):
    model = make_model()
    hist = ActivationHistLogger(model, tmp_path)
    train(model, hist, 3)
    thread = hist.writer._thread
    wait_for(lambda: hist.writer._capacity._value == 8)  # all three are taken in
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit)
    )
    hist.writer._items.put(None)
    thread.join(60)
    assert not thread.is_alive()
    with pytest.warns(ActivationHistWarning, match="thread that writes .* has ended") as told:
        train(model, hist, 3)
        hist.close()
    assert len(told) == 1
    assert hist.steps == 6
    assert not any(module._forward_hooks for module in model.modules())
    assert all_steps(tmp_path) == [1, 2, 3]
    assert first_steps(tmp_path) == [1]


PROCESSES = {
    "kill -9": ("os.kill(os.getpid(), 9)", -signal.SIGKILL),
    "os._exit": ("os._exit(3)", 3),
    "exception": ("1 / 0", 1),
    "end without close": ("", 0),
}


@pytest.mark.parametrize("way", PROCESSES)
def test_the_process_ends(tmp_path, way):
    end, code = PROCESSES[way]
    body = f"""
        hist = ActivationHistLogger(model, sys.argv[1])
        train(hist, 5)
        hist.flush()
        train(hist, 2)
        {end}
    """
    returned, said = run_script(body, tmp_path)
    assert returned == code
    assert (said == "") == (way != "exception")
    assert "ActivationHistWarning" not in said
    assert first_steps(tmp_path)[0] == 1
    kept = all_steps(tmp_path)
    if way in ("exception", "end without close"):
        assert kept == [1, 2, 3, 4, 5, 6, 7]
    else:
        assert kept[:5] == [1, 2, 3, 4, 5]


def test_a_cell_is_interrupted_and_run_again(tmp_path):
    """A real SIGINT in the middle of a step; the second run of the cell takes over, with one set of
    hooks, and goes on where the first one stopped."""
    body = """
        import signal
        # A shell starts what it puts in the background with signals of this kind ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        def cell(interrupt_at):
            global hist
            hist = ActivationHistLogger(model, sys.argv[1])
            for step in range(6):
                out = model(torch.ones(3, 4))
                if step == interrupt_at:
                    signal.raise_signal(signal.SIGINT)
                out.sum().backward()
                hist.step()
        try:
            cell(3)
        except KeyboardInterrupt:
            print("interrupted")
        cell(None)
        print([len(module._forward_hooks) for module in model])
    """
    code, said = run_script(body, tmp_path)
    assert code == 0, said
    assert said.count("ActivationHistWarning") == 1
    assert "(after 3 steps). It was closed; this one takes over" in said
    assert "interrupted\n[1, 1]" in said
    series = read_histograms(tmp_path)["."]["0"]
    assert series.steps.tolist() == list(range(1, 10))
    assert series.n.tolist() == [24] * 9  # the forward pass that was interrupted is in no record


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_workers_that_are_forked_while_it_records(tmp_path):
    """DataLoader workers come and go, and the record is that of the training alone."""
    body = """
        import torch.utils.data
        class Data(torch.utils.data.Dataset):
            def __len__(self):
                return 6
            def __getitem__(self, index):
                model(torch.ones(1, 4))  # a worker that runs the hooked model
                return torch.ones(4)
        if __name__ == "__main__":
            with ActivationHistLogger(model, sys.argv[1]) as hist:
                for _ in range(2):
                    context = torch.multiprocessing.get_context("fork")
                    loader = torch.utils.data.DataLoader(
                        Data(), batch_size=2, num_workers=2, multiprocessing_context=context
                    )
                    for x in loader:
                        model(x).sum().backward()
                        hist.step()
    """
    code, said = run_script(body, tmp_path)
    assert code == 0, said
    assert "Traceback" not in said
    assert "ActivationHistWarning" not in said
    series = read_histograms(tmp_path)["."]["0"]
    assert series.steps.tolist() == [1, 2, 3, 4, 5, 6]
    assert series.n.tolist() == [16] * 6
    assert len(list(Path(tmp_path).iterdir())) == 1
