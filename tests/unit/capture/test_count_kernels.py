"""Which kernel is chosen, and what is said when the fast one is missing."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from types import ModuleType

import pytest
import torch

from tb_activation_hist.capture import count_kernels
from tb_activation_hist.capture.count import CountBuffer, kernel_name
from tb_activation_hist.core.errors import (
    ActivationHistWarning,
    MissingDependencyError,
    OptionError,
)
from tests.unit.capture.counted import check_row, count_alone, expect


@pytest.fixture(autouse=True)
def _choose_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(count_kernels.KERNEL_VARIABLE, raising=False)
    count_kernels.c_extension.cache_clear()
    count_kernels.triton_kernel.cache_clear()
    yield
    count_kernels.c_extension.cache_clear()
    count_kernels.triton_kernel.cache_clear()


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the extension nor Triton can be imported."""

    def refuse(name: str) -> ModuleType:
        msg = f"No module named {name!r}"
        raise ImportError(msg)

    monkeypatch.setattr(importlib, "import_module", refuse)


def _force(monkeypatch: pytest.MonkeyPatch, kernel: str) -> None:
    monkeypatch.setenv(count_kernels.KERNEL_VARIABLE, kernel)
    count_kernels.c_extension.cache_clear()
    count_kernels.triton_kernel.cache_clear()


def test_the_extension_is_used_where_it_was_built(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tb_activation_hist.capture._count", reason="not compiled")
    best = kernel_name()
    assert best in ("c-avx512", "c-avx2", "c-portable")
    assert kernel_name("mps") == "torch"
    _force(monkeypatch, "c-portable")
    assert kernel_name() == "c-portable"
    _force(monkeypatch, best)
    assert kernel_name() == best


def test_torch_can_be_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    _force(monkeypatch, "torch")
    assert kernel_name() == kernel_name("cuda") == "torch"


@pytest.mark.usefixtures("without")
def test_without_the_extension_one_warning_names_the_remedy() -> None:
    with pytest.warns(ActivationHistWarning, match=r"Install a (C )?compiler"):
        assert kernel_name() == "torch"
    values = torch.randn(500)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        host = count_alone(values)
        host.wait()
    check_row(host, 1, expect(values))


@pytest.mark.usefixtures("without")
def test_without_triton_one_warning_names_the_remedy() -> None:
    with pytest.warns(ActivationHistWarning, match="Install the Triton version"):
        assert kernel_name("cuda") == "torch"


@pytest.mark.usefixtures("without")
def test_a_forced_kernel_that_is_missing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    _force(monkeypatch, "c")
    with pytest.raises(MissingDependencyError, match=r"Install a (C )?compiler"):
        CountBuffer(1)


def test_an_instruction_set_that_is_missing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    extension = pytest.importorskip("tb_activation_hist.capture._count", reason="not compiled")
    with pytest.raises(ValueError, match="no variant 'neon9'"):
        extension.variant("neon9")
    monkeypatch.setattr(count_kernels, "KERNELS", (*count_kernels.KERNELS, "c-neon9"))
    _force(monkeypatch, "c-neon9")
    with pytest.raises(OptionError, match="is the best here"):
        kernel_name()


def test_an_unknown_kernel_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    _force(monkeypatch, "fortran")
    with pytest.raises(OptionError, match=r"one of torch, c, .*'fortran'"):
        CountBuffer(1)
