"""Torch's private names: used in one file only, and each with something to fall back on."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from tb_activation_hist.capture import torch_internals
from tb_activation_hist.capture.count import CountBuffer, count_

PACKAGE = Path(__file__).resolve().parents[3] / "tb_activation_hist"
DOOR = PACKAGE / "capture" / "torch_internals.py"
SOURCES = sorted(PACKAGE.rglob("*.py"))
USE_TORCH = [
    path
    for path in SOURCES
    if path != DOOR and path.parent.name in ("capture", "recording", "callbacks")
]

READERS = {"getattr", "hasattr", "setattr", "delattr"}
NOT_TORCHS = {"_fields", "_asdict", "_replace", "_with_events"}
"""Of named tuples, and of fastai's Learner."""


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_"


def names_of_ours(sources: list[str]) -> set[str]:
    """Private attributes, methods, functions and modules that the package itself defines."""
    found = {path.stem for path in SOURCES} | {"_count"}
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                found.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
            elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self":
                found.add(node.attr)
    return {name for name in found if is_private(name)}


TORCHS = {
    name
    for thing in (nn.Module(), torch.zeros(1), torch.optim.SGD([torch.zeros(1)], 0.1), torch)
    for name in {*dir(thing), *vars(thing)}
    if is_private(name)
}
OURS = names_of_ours([path.read_text(encoding="utf-8") for path in SOURCES if path != DOOR])


def private_names(source: str) -> set[str]:
    """Private names that a source text takes from others: attributes, imports, ``getattr``."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) not in ("self", "cls"):
            if node.attr in TORCHS or node.attr not in OURS:
                found.add(node.attr)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in READERS:
            found |= {each.value for each in node.args[1:2] if isinstance(each, ast.Constant)}
        elif isinstance(node, ast.Import):
            found |= {part for alias in node.names for part in alias.name.split(".")} - OURS
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("torch"):
            found |= {*(node.module or "").split("."), *(alias.name for alias in node.names)}
    return {name for name in found if is_private(name)} - NOT_TORCHS


@pytest.mark.parametrize(
    "path",
    USE_TORCH,
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_private_names_of_torch_are_behind_the_door(path: Path) -> None:
    assert private_names(path.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("torch._C._get_tracing_state()", "_get_tracing_state"),
        ("import torch._dynamo", "_dynamo"),
        ("from torch._dynamo import config", "_dynamo"),
        ("from torch.nn.modules.module import _global_forward_hooks", "_global_forward_hooks"),
        ("module._modules.items()", "_modules"),
        ("module._parameters", "_parameters"),
        ("layer.module._forward_hooks", "_forward_hooks"),
        ("tensor._version + 1", "_version"),
        ("getattr(tensor, '_local_tensor', None)", "_local_tensor"),
        ("dist.distributed_c10d._get_default_store()", "_get_default_store"),
    ],
)
def test_the_check_can_fail(source: str, name: str) -> None:
    assert name in private_names(source)


@pytest.mark.parametrize(
    "source",
    ["self._modules", "getattr(value, '_fields')", "from tb_x import _count", "x.__dict__"],
)
def test_names_of_our_own_are_no_business_of_the_check(source: str) -> None:
    assert private_names(source) == set()


WITHOUT = """
import torch
class Lacks:
    def __init__(self, real):
        self.real = real
    def __getattr__(self, name):
        if name in {"_current_graph_task_id", "_get_tracing_state", "_functorch", "_autograd",
                    "DisableTorchFunctionSubclass"}:
            raise AttributeError(name)
        return getattr(self.real, name)
real, torch._C = torch._C, Lacks(torch._C)
from tb_activation_hist.capture import torch_internals as door
torch._C = real
values = torch.ones(3)
assert not door.in_backward() and not door.is_tracing() and not door.is_functorch_wrapper(values)
with door.without_torch_function():
    door.set_version(values, 5)
print(values._version)
"""


def test_a_torch_without_the_names_can_be_imported_all_the_same() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("0\n", 0), done.stderr


@pytest.mark.parametrize("old", [False, True])
def test_versions_are_set_with_either_signature(old: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    def set_old(tensor: object, number: object) -> None:
        if isinstance(tensor, tuple):
            raise TypeError
        given.append((tensor, number))

    values = torch.ones(3).add_(1)
    if old:
        monkeypatch.setattr(torch_internals, "_set_version", set_old)
    torch_internals.set_version(values, 7)
    assert given == [(values, 7)] if old else values._version == 7
    assert torch_internals.version(values) == (1 if old else 7)


def test_an_inference_tensor_has_no_version() -> None:
    with torch.inference_mode():
        values = torch.ones(3)
    assert torch_internals.version(values) is None
    torch_internals.set_version(values, None)


@pytest.mark.parametrize("word", ["recompile", "cache_size"])
def test_the_limit_of_graphs_is_raised_under_either_name(
    word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = SimpleNamespace(**{f"{word}_limit": 8, f"accumulated_{word}_limit": 256})
    monkeypatch.setattr(torch._dynamo, "config", config)
    torch_internals.raise_graph_limit(by=3)
    assert vars(config) == {f"{word}_limit": 11, f"accumulated_{word}_limit": 259}


def test_without_any_limit_nothing_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch._dynamo, "config", SimpleNamespace())
    torch_internals.raise_graph_limit(by=3)
    assert vars(torch._dynamo.config) == {}


def test_is_compiled_tells_modules_compiled_in_place_wrappers_and_others_apart() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].compile()
    wrapper = torch.compile(model)
    assert [torch_internals.is_compiled(module) for module in (wrapper, model, *model)] == [
        True,
        False,
        False,
        True,
    ]


def test_a_gradient_that_arrives_on_a_device_is_counted() -> None:
    """Only the op of compiled graphs leaves out what runs inside of a backward pass."""
    buffer = CountBuffer(2)
    buffer.on_host = False  # as on a GPU: the CPU's own way is not taken
    buffer.switch.on = True
    values = torch.randn(30, requires_grad=True)
    doubled = values * 2
    doubled.register_hook(lambda gradient: count_(buffer, 1, gradient))
    count_(buffer, 0, doubled)
    doubled.sum().backward()
    assert buffer.totals[:, 0].tolist() == [30, 30]


def test_a_compiler_that_takes_is_exporting_for_true_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What Dynamo of torch 2.7 to 2.11 does with the public function."""
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
    assert not torch_internals.is_exporting()


@pytest.mark.parametrize("newer", [None, False])
def test_export_is_known_by_the_older_flag(
    newer: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Torch 2.4 to 2.6 have no other, and 2.7 does not set the newer one in a strict export."""
    monkeypatch.delattr(torch.compiler, "_is_exporting_flag")
    if newer is not None:
        monkeypatch.setattr(torch.compiler, "_is_exporting_flag", newer, raising=False)
    assert not torch_internals.is_exporting()
    monkeypatch.setattr(torch.export._trace, "_EXPORT_FLAGS", {"strict"})
    assert torch_internals.is_exporting()


def test_export_is_known_by_the_newer_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.compiler, "_is_exporting_flag", True)
    assert torch_internals.is_exporting()


def test_tracing_without_dynamo_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The values are no values there: torch 2.4 raised an error from our hook."""
    buffer = CountBuffer(1)
    buffer.switch.on = True
    monkeypatch.setattr(torch.compiler, "_is_compiling_flag", True)
    count_(buffer, 0, torch.ones(3))
    monkeypatch.undo()
    assert buffer.totals[0, 0].item() == 0
