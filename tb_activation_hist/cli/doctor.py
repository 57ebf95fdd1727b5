"""`doctor`: is everything installed as it should be, and what is the matter with a logdir?"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module, metadata, resources, util
from typing import Final, NamedTuple

from tb_activation_hist import __version__
from tb_activation_hist.cli.logdir import read_runs
from tb_activation_hist.core.errors import ActivationHistError
from tb_activation_hist.core.names import PLUGIN_NAME
from tb_activation_hist.storage.event_file_reader import require_logdir

GOOD: Final = "ok"
BAD: Final = "problem"
NOTE: Final = "note"

LIBRARIES: Final = {
    "numpy": "",
    "tensorboard": "",
    "torch": "needed to record: pip install 'tb-activation-hist[torch]'",
    "fastai": "only for its ActivationHistCallback",
    "lightning": "only for its ActivationHistCallback",
    "transformers": "only for its ActivationHistCallback",
    "matplotlib": "only for pictures",
    "pandas": "only for data frames",
    "pyarrow": "only for Parquet",
}
"""Distribution -> what it is for; empty: this package does not work without it."""


START_S: Final = 120.0
"""Longest time that TensorBoard's import may take before it is left alone."""

UPGRADE: Final = "Upgrade it: pip install --upgrade tensorboard"

REMEDIES: Final = {
    "pkg_resources": (
        f"TensorBoard up to 2.20 needs setuptools below 82: pip install 'setuptools<82'. {UPGRADE}"
    ),
    "np.": f"TensorBoard 2.16 needs numpy below 2: pip install 'numpy<2'. {UPGRADE}",
}
"""Part of an error -> what to do about it."""


class Check(NamedTuple):
    """One thing that was looked at."""

    state: str
    text: str


def run_doctor(given: argparse.Namespace) -> int:
    """The `doctor` command: 1 when there is a problem, else 0.

    LogdirError, before anything is looked at, for a log directory that does not exist.
    """
    if given.logdir:
        require_logdir(given.logdir)
    checks = [check for look in LOOKS for check in look()]
    if given.logdir:
        checks += _look_at_logdir(given.logdir)
    for check in checks:
        print(f"{check.state:<8} {check.text}")
    problems = sum(check.state == BAD for check in checks)
    print(f"{problems} problem{'' if problems == 1 else 's'} found.")
    return int(problems > 0)


def _look_at_versions() -> Iterator[Check]:
    yield Check(GOOD, f"tb_activation_hist {__version__}, Python {platform.python_version()}")
    for name, purpose in LIBRARIES.items():
        try:
            yield Check(GOOD, f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            yield Check(NOTE if purpose else BAD, f"{name} is not installed; {purpose or 'needed'}")


def _look_at_plugin() -> Iterator[Check]:
    group = metadata.entry_points(group="tensorboard_plugins")
    own = [entry for entry in group if entry.name == PLUGIN_NAME]
    if not own:
        yield Check(
            BAD,
            f"TensorBoard does not find the plugin: no entry point {PLUGIN_NAME!r}. Install this "
            "package (pip install tb-activation-hist) instead of only adding it to the path.",
        )
        return
    try:
        own[0].load()
    # Whatever a plugin's import raises, TensorBoard would drop the plugin.
    except Exception as err:  # noqa: BLE001
        yield Check(BAD, f"TensorBoard cannot load the plugin: {type(err).__name__}: {err}")
    else:
        yield Check(GOOD, f"TensorBoard finds the plugin ({own[0].value})")


def _look_at_tensorboard() -> Iterator[Check]:
    """TensorBoard's own start, in a child: its plugins import much that this process may not."""
    child = [sys.executable, "-c", "from tensorboard import default; default.get_plugins()"]
    try:
        done = subprocess.run(child, capture_output=True, text=True, timeout=START_S, check=False)
    except subprocess.TimeoutExpired:
        text = f"importing TensorBoard took more than {START_S:g} s; this check was skipped"
        yield Check(NOTE, text)
        return
    if done.returncode == 0:
        yield Check(GOOD, "TensorBoard starts")
        return
    reason = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
    remedy = next((text for sign, text in REMEDIES.items() if sign in reason), UPGRADE)
    yield Check(BAD, f"TensorBoard itself does not start ({reason}). {remedy}")


def _look_at_page() -> Iterator[Check]:
    page = resources.files("tb_activation_hist") / "static" / "index.js"
    if page.is_file():
        yield Check(GOOD, f"the page is there ({len(page.read_bytes()):,} bytes)")
    else:
        yield Check(
            BAD, "the page's files are missing; in a checkout, run: python tools/build_frontend.py"
        )


def _look_at_kernel() -> Iterator[Check]:
    if util.find_spec("torch") is None:
        return
    kernels = import_module("tb_activation_hist.capture.count_kernels")
    torch = import_module("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they say what the notes below say
        name, on_gpu = kernels.kernel_name("cpu"), kernels.kernel_name("cuda")
    if name == "torch":
        yield Check(
            NOTE,
            f"{kernels.TORCH_COUNTS}. {kernels.BUILD_IT}, or use a wheel.",
        )
    else:
        yield Check(GOOD, f"the CPU counts with kernel {name}")
    yield _check_gpu_kernel(on_gpu, present=torch.cuda.is_available())


def _check_gpu_kernel(name: str, *, present: bool) -> Check:
    """What counts on CUDA or ROCm here, or would if there were a GPU."""
    slower = {
        "torch": "; install triton for the fast kernel",
        "triton-window": ", the simpler one; on CUDA, Triton 3.8 or later has a faster one",
    }
    where = "CUDA counts" if present else "there is no GPU; one would count"
    state = NOTE if present and name in slower else GOOD
    return Check(state, f"{where} with kernel {name}{slower.get(name, '')}")


def _look_for_mistakes() -> Iterator[Check]:
    installed = [name for name in ("tensorboard", "tb-nightly") if _is_installed(name)]
    if len(installed) > 1:
        yield Check(
            BAD,
            "tensorboard and tb-nightly are both installed and overwrite each other's files. "
            "Uninstall both, then install one.",
        )
    if sys.flags.optimize:
        yield Check(NOTE, "Python runs with -O, which turns off checks inside this package")


def _look_at_logdir(logdir: str) -> Iterator[Check]:
    try:
        runs = read_runs(logdir, silent=True)
    except ActivationHistError as err:
        yield Check(BAD, str(err))
        return
    for run in runs:
        series = [own for _, own in run.layers.values()]
        records = max((len(each) for each in series), default=0)
        yield Check(GOOD, f"run {run.name!r}: {len(series)} layers, up to {records} records")
        for problem in run.problems:
            yield Check(BAD, problem)
        for note in run.notes:
            yield Check(NOTE, note)
        for silent in run.info.get("silent", []):
            yield Check(NOTE, f"run {run.name!r}: {silent} never ran while it was recorded")
        for change in run.info.get("changes", []):
            yield Check(NOTE, f"run {run.name!r}: the model changed at {change}")
        for error in run.info.get("errors", []):
            yield Check(BAD, f"run {run.name!r}: {error}")
        if run.info.get("skipped"):
            yield Check(NOTE, f"run {run.name!r}: {run.info['skipped']} records were skipped")


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


LOOKS: Final[tuple[Callable[[], Iterator[Check]], ...]] = (
    _look_at_versions,
    _look_at_tensorboard,
    _look_at_plugin,
    _look_at_page,
    _look_at_kernel,
    _look_for_mistakes,
)
