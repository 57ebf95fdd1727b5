"""The build steps that metadata cannot state: the page (npm) and the C extension."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

sys.path.insert(0, str(Path(__file__).resolve().parent / "tools"))
import build_frontend

ROOT = Path(__file__).resolve().parent

# The stable ABI makes one wheel serve every Python from 3.10; free-threaded Pythons have none yet.
STABLE_ABI = not sysconfig.get_config_var("Py_GIL_DISABLED")


def build_page() -> None:
    """Builds static/ when stale; ends the build with a sentence when that is not possible."""
    try:
        build_frontend.build_if_stale()
    except build_frontend.BuildError as error:
        raise SystemExit(f"tb_activation_hist: {error}") from None


class BuildPyWithPage(build_py):
    """build_py, after the page."""

    def run(self) -> None:
        """Builds the page, then copies the package."""
        build_page()
        super().run()


class BuildPortableExtension(build_ext):
    """build_ext whose result holds no path of the machine that built it."""

    def build_extensions(self) -> None:
        """Leaves out the folder of the builder's own Python, which some Pythons ask linkers for."""
        linker = self.compiler.linker_so
        self.compiler.linker_so = [word for word in linker if not word.startswith("-Wl,-rpath")]
        super().build_extensions()


class SdistWithPage(sdist):
    """sdist, after the page, so that installing from it needs no Node."""

    def run(self) -> None:
        """Builds the page, then packs the sources."""
        build_page()
        super().run()


def find_files(package: str, start: str, suffix: str) -> list[str]:
    """Relative to this folder, as setuptools wants them, in an order that never changes."""
    found = (ROOT / "tb_activation_hist" / package).glob(f"{start}*.{suffix}")
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def make_extension(package: str, name: str) -> Extension:
    """An extension of the files whose names begin with its own.

    Without a compiler, Python does its work, more slowly.
    """
    return Extension(
        f"tb_activation_hist.{package}.{name}",
        sources=find_files(package, name, "c"),
        depends=find_files(package, name, "h"),
        define_macros=[("Py_LIMITED_API", "0x030A0000")] if STABLE_ABI else [],
        py_limited_api=STABLE_ABI,
        # Without debugging symbols the library is a quarter as large.
        extra_compile_args=[] if sys.platform == "win32" else ["-O3", "-g0"],
        extra_link_args=["-Wl,-s"] if sys.platform == "linux" else [],
        optional=True,
    )


setup(
    ext_modules=[make_extension("capture", "_count"), make_extension("storage", "_block")],
    cmdclass={
        "build_py": BuildPyWithPage,
        "build_ext": BuildPortableExtension,
        "sdist": SdistWithPage,
    },
    options={"bdist_wheel": {"py_limited_api": "cp310"}} if STABLE_ABI else {},
)
