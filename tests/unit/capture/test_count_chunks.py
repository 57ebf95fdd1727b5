"""The C kernel chunk by chunk: all kinds of chunks after each other, and on other processors.

While a chunk of 1,024 values is scanned, the one before it is counted, so what matters is which
kind follows which. The kernel is also built without Python: with sanitizers, and for aarch64.
"""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from tb_activation_hist.capture import count_torch
from tb_activation_hist.capture.count import CountBuffer, count_
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tests.unit.capture.counted import check_row, count_alone, expect
from tests.unit.capture.test_count import DTYPES, kernel  # noqa: F401 - a fixture

CHUNK = 1024
CAPTURE = Path(count_torch.__file__).parent
PROGRAM = Path(__file__).with_name("count_program.c")
FLAGS = ["-O2", "-Wall", "-Wextra", "-Werror"]


def chunks() -> list[torch.Tensor]:
    """One of each kind that the kernel treats in a way of its own."""
    torch.manual_seed(1)
    random = torch.randn(CHUNK)
    holes = torch.where(random > 1, torch.nan, random)
    holes[3], holes[4] = torch.inf, -torch.inf
    return [
        random,
        torch.zeros(CHUNK),
        torch.full((CHUNK,), -0.0),
        torch.full((CHUNK,), torch.nan),
        torch.full((CHUNK,), -torch.inf),
        torch.full((CHUNK,), 0.3),
        1 + torch.rand(CHUNK) / 32,  # different values in one slot
        holes,
        random.relu(),
        random * 2.0**-16,  # denormal in float16
    ]


def walk() -> torch.Tensor:
    """Every kind after every kind, and an odd end."""
    kinds = chunks()
    pairs = itertools.product(range(len(kinds)), repeat=2)
    return torch.cat([kinds[k] for pair in pairs for k in pair] + [torch.randn(77)])


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: str(dtype).removeprefix("torch."))
def test_every_kind_of_chunk_after_every_other(kernel: str, dtype: torch.dtype) -> None:  # noqa: F811
    values = walk().to(dtype)
    check_row(count_alone(values), 1, expect(values))


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: str(dtype).removeprefix("torch."))
def test_linear_bins_of_every_kind_of_chunk(kernel: str, dtype: torch.dtype) -> None:  # noqa: F811
    values = walk().to(dtype)
    buffer = CountBuffer(1, LinearBins(40, -1, 1))
    buffer.switch.on = True
    count_(buffer, 0, values)
    host = buffer.to_host()
    exact = values if dtype == torch.float64 else values.float()
    finite = exact[exact.isfinite()]
    assert host.counts[0, 1:-1].tolist() == torch.histc(finite, 40, -1, 1).long().tolist()
    assert host.counts[0].sum() == finite.numel()


def test_every_bit_pattern_of_16_bits(kernel: str) -> None:  # noqa: F811
    """Each once, in an order that mixes them, and with all kernels the same."""
    order = np.random.default_rng(2).permutation(1 << 16).astype(np.uint16).view(np.int16)
    for dtype in (torch.float16, torch.bfloat16):
        values = torch.from_numpy(order.copy()).view(dtype)
        check_row(count_alone(values), 1, expect(values))


@pytest.mark.parametrize("name", ["channels_last", "permuted", "expanded"])
def test_dense_memory_is_read_in_place(name: str) -> None:
    """Neither a copy of the memory nor of the elements that an expansion repeats."""
    values = {
        "channels_last": torch.randn(3, 5, 8, 7).to(memory_format=torch.channels_last),
        "permuted": torch.randn(3, 5, 8, 7).permute(2, 0, 3, 1),
        "expanded": torch.randn(5, 1, 3).expand(5, 4, 3),
    }[name]
    dense = count_torch.to_dense(values)
    assert dense is not None
    assert dense[0].data_ptr() == values.data_ptr()
    assert dense[0].numel() * dense[1] == values.numel()


def build(compiler: str, folder: Path, *flags: str) -> Path:
    """The kernel as a program of its own."""
    program = folder / "count"
    sources = [str(CAPTURE / "_count_kernel.c"), str(PROGRAM)]
    subprocess.run([compiler, *FLAGS, *flags, *sources, "-o", program, "-lm"], check=True)
    return program


def check_program(command: list[str | Path], *, variant: str) -> None:
    for code, dtype in enumerate((torch.float32, torch.float16, torch.bfloat16, torch.float64)):
        values = walk()[-90_077:].to(dtype)
        raw = values.view(torch.uint8).numpy().tobytes()
        done = subprocess.run([*command, str(code), variant], input=raw, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        head, *rows = done.stdout.decode().splitlines()
        expected = expect(values)
        assert [int(word) for word in head.split()] == expected.totals[1:]
        counted = np.zeros(8192, np.int64)
        for row in rows:
            slot, number = row.split()
            counted[int(slot)] = int(number)
        np.testing.assert_array_equal(counted, expected.counts)


def test_under_the_address_sanitizer(tmp_path: Path) -> None:
    """No access outside of an array, in the portable kernel and in the best one here."""
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler here")
    program = build(compiler, tmp_path, "-O0", "-fsanitize=address")
    check_program([program], variant="portable")
    check_program([program], variant="")


def test_with_clang(tmp_path: Path) -> None:
    """As on macOS."""
    compiler = shutil.which("clang") or shutil.which("clang-14")
    if compiler is None:
        pytest.skip("no clang here")
    check_program([build(compiler, tmp_path)], variant="")


def test_clang_knows_the_processor_features_by_name() -> None:
    """It refuses to compile a name that it does not know, such as f16c; gcc knows more."""
    source = (CAPTURE / "_count_kernel.c").read_text(encoding="utf-8")
    names = set(re.findall(r'__builtin_cpu_supports\("(\w+)"\)', source))
    assert "avx2" in names
    avx512 = {"avx512f", "avx512bw", "avx512dq", "avx512vl"}
    assert names <= {"avx2", "fma", "bmi", "bmi2", *avx512}


def test_on_aarch64(tmp_path: Path) -> None:
    compiler = shutil.which("aarch64-linux-gnu-gcc")
    if compiler is None:
        pytest.skip("no compiler for aarch64 here (Debian: gcc-aarch64-linux-gnu)")
    program = build(compiler, tmp_path, "-static")
    machine = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
    if machine is None:
        pytest.skip("it compiles for aarch64, but nothing here runs it (Debian: qemu-user)")
    check_program([machine, program], variant="")
