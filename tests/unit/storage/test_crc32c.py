"""Checksums must be those that TensorBoard checks."""

import sys
from types import SimpleNamespace

import google_crc32c
import numpy as np
import pytest
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c as tensorboards

from tb_activation_hist.storage.crc32c import (
    crc32c,
    load_crc32c,
    masked_crc32c,
    numpy_crc32c,
)


def test_standard_check_value():
    assert crc32c(b"123456789") == numpy_crc32c(b"123456789") == 0xE3069283


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 63, 64, 65, 255, 256, 257, 511, 5001])
def test_the_library_and_numpy_agree(size):
    data = np.random.default_rng(size).bytes(size)
    assert crc32c(data) == numpy_crc32c(data)


@pytest.mark.parametrize("size", [0, 1, 8, 63, 64, 65, 1023, 1024, 1025, 2048, 5001])
def test_same_as_tensorboards(size):
    data = np.random.default_rng(size).bytes(size)
    assert masked_crc32c(data) == tensorboards(data)


@pytest.mark.parametrize("byte", [b"\0", b"\xff"])
def test_constant_bytes(byte):
    assert masked_crc32c(byte * 3000) == tensorboards(byte * 3000)


def test_the_library_is_used_where_it_is_compiled():
    assert google_crc32c.implementation == "c"
    assert load_crc32c() is google_crc32c.value


@pytest.mark.parametrize(
    "library", [None, SimpleNamespace(implementation="python", value=google_crc32c.value)]
)
def test_numpy_computes_where_it_is_not(library, monkeypatch):
    monkeypatch.setitem(sys.modules, "google_crc32c", library)
    assert load_crc32c() is numpy_crc32c
