"""Which kernel counts on which device, and the one warning when the fast one is missing."""

from __future__ import annotations

import functools
import importlib
import os
import warnings
from types import ModuleType
from typing import TYPE_CHECKING, Final

from tb_activation_hist.core.errors import (
    ActivationHistWarning,
    MissingDependencyError,
    OptionError,
)

if TYPE_CHECKING:
    import torch

KERNEL_VARIABLE: Final = "TB_ACTIVATION_HIST_KERNEL"
"""Environment variable that forces a kernel; see `KERNELS`."""

KERNELS: Final = ("", "torch", "c", "c-avx512", "c-avx2", "c-portable")
"""Allowed values: '' the best one; 'torch' on every device; 'c' (or one instruction set of it) on
the CPU, an error where it is missing."""

TORCH_COUNTS: Final = (
    "the CPU counts with torch operations, which is exact but 35 to 90 times slower"
)
"""CPU time of one thread, 2^10 to 2^22 values in float32 and bfloat16, torch 2.15 on Zen 3."""

BUILD_IT: Final = "Install a compiler (gcc or clang) and reinstall tb_activation_hist"

_EXTENSION: Final = "tb_activation_hist.capture._count"
_TRITON: Final = "tb_activation_hist.capture.count_triton"

_triton_failed = False


@functools.cache
def c_extension() -> ModuleType | None:
    """The C extension, or None when torch counts; warns once when it was not built."""
    module = load_c_extension()
    if isinstance(module, ImportError):
        warnings.warn(
            f"The C extension cannot be loaded ({module}): {TORCH_COUNTS}. {BUILD_IT}, or set "
            f"{KERNEL_VARIABLE}=torch to accept it.",
            ActivationHistWarning,
            stacklevel=3,
        )
        return None
    return module


def load_c_extension() -> ModuleType | ImportError | None:
    """The C extension, or why it cannot be loaded; None when it is not wanted."""
    wanted = _wanted()
    if wanted == "torch":
        return None
    try:
        module = importlib.import_module(_EXTENSION)
    except ImportError as error:
        if wanted:
            msg = (
                f"{KERNEL_VARIABLE}={wanted}, but the C extension cannot be loaded ({error}). "
                "Install a C compiler (gcc or clang) and reinstall tb_activation_hist, or unset it."
            )
            raise MissingDependencyError(msg) from error
        return error
    if wanted.startswith("c-"):
        _choose_variant(module, wanted.removeprefix("c-"))
    return module


def _choose_variant(module: ModuleType, variant: str) -> None:
    try:
        module.variant(variant)
    except ValueError as error:
        msg = (
            f"{KERNEL_VARIABLE}=c-{variant}, but this processor or build does not support it; "
            f"{module.variant()} is the best here. Set {KERNEL_VARIABLE}=c to use that."
        )
        raise OptionError(msg) from error


def _wanted() -> str:
    wanted = os.environ.get(KERNEL_VARIABLE, "")
    if wanted not in KERNELS:
        allowed = ", ".join(kernel for kernel in KERNELS if kernel)
        msg = f"{KERNEL_VARIABLE} must be one of {allowed}, or unset, but got {wanted!r}."
        raise OptionError(msg)
    return wanted


@functools.cache
def triton_kernel() -> ModuleType | None:
    """The Triton kernel's module; None if Triton is missing or failed, or torch is forced."""
    if _triton_failed or _wanted() == "torch":
        return None
    try:
        return importlib.import_module(_TRITON)
    except ImportError as error:
        warnings.warn(
            f"Triton cannot be loaded ({error}): activations on CUDA are counted with torch "
            "operations, which is exact but slower. Install the Triton version that matches your "
            "torch.",
            ActivationHistWarning,
            stacklevel=3,
        )
        return None


def forget_triton(failure: Exception) -> None:
    """Count with torch operations from now on: no Triton kernel compiles for this device."""
    global _triton_failed
    _triton_failed = True
    triton_kernel.cache_clear()
    warnings.warn(
        f"{failure} Activations on the GPU are counted with torch operations from now on, which "
        f"is exact but slower; set {KERNEL_VARIABLE}=torch to choose that without trying.",
        ActivationHistWarning,
        stacklevel=3,
    )


def kernel_name(device: torch.device | str = "cpu") -> str:
    """What counts on this device.

    'c-avx512', 'c-avx2', 'c-portable', 'triton-table', 'triton-window' or 'torch'. The two ways of
    Triton are described in `triton_kernel`.
    """
    kind = str(device).partition(":")[0]
    if kind == "cuda":
        triton = triton_kernel()
        return "torch" if triton is None else f"triton-{triton.way()}"
    module = c_extension() if kind == "cpu" else None
    return "torch" if module is None else f"c-{module.variant_name()}"
