"""`doctor`: what is installed, what works and what is in a log directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tb_activation_hist.capture import count_kernels
from tb_activation_hist.cli import main
from tb_activation_hist.core.errors import ActivationHistWarning


def test_doctor_looks_at_everything(logdir: str, capsys: pytest.CaptureFixture) -> None:
    main(["doctor", logdir])
    text = capsys.readouterr().out
    assert "tb_activation_hist" in text
    assert "run 'good': 2 layers" in text
    assert "the CPU counts with" in text
    assert "problem" in text.splitlines()[-1]


def test_doctor_and_the_warning_say_the_same_of_a_missing_extension(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(count_kernels, "_EXTENSION", "no_such_module")
    monkeypatch.delenv(count_kernels.KERNEL_VARIABLE, raising=False)
    said = []
    try:
        count_kernels.c_extension.cache_clear()
        with pytest.warns(ActivationHistWarning) as warned:
            count_kernels.kernel_name("cpu")
        said.append(str(warned[0].message))
        count_kernels.c_extension.cache_clear()
        main(["doctor"])
        said.append(capsys.readouterr().out)
    finally:
        count_kernels.c_extension.cache_clear()
    for text in said:
        assert (
            "the CPU counts with torch operations, which is exact but 35 to 90 times slower."
            in text
        )


def test_doctor_misses_the_plugin(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tb_activation_hist.cli.doctor.PLUGIN_NAME", "no_such_plugin")
    assert main(["doctor"]) == 1
    assert "no entry point 'no_such_plugin'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ("ModuleNotFoundError(\"No module named 'pkg_resources'\")", "setuptools<82"),
        ("AttributeError('`np.string_` was removed in the NumPy 2.0 release.')", "numpy<2"),
        ("ImportError('something else')", "pip install --upgrade tensorboard"),
    ],
)
def test_doctor_says_why_tensorboard_does_not_start(
    error: str,
    remedy: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    # A child that starts with this module cannot import TensorBoard's list of plugins.
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, types\n"
        "class Broken:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == 'tensorboard.default': raise {error}\n"
        "sys.meta_path.insert(0, Broken())\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert main(["doctor"]) == 1
    (told,) = [line for line in capsys.readouterr().out.splitlines() if "does not start" in line]
    assert told.startswith("problem")
    assert remedy in told


def test_doctor_reads_a_bad_logdir(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["doctor", str(tmp_path)]) == 1
    assert "no TensorBoard event file" in capsys.readouterr().out


def test_doctor_cannot_look_at_a_logdir_that_does_not_exist(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    missing = str(tmp_path / "missing")
    assert main(["doctor", missing]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == f"tb-activation-hist: The log directory {missing!r} does not exist.\n"
