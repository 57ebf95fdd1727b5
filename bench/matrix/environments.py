"""The combinations of versions that are tried: every supported torch, TensorBoard and Python."""

from __future__ import annotations

import json
from typing import Final, NamedTuple


class Environment(NamedTuple):
    """Versions that are installed together; requirements as pip takes them."""

    python: str
    torch: str
    tensorboard: str
    numpy: str = "numpy>=2"
    fastai: str = ""
    setuptools: str = "setuptools"
    """TensorBoard imports pkg_resources up to 2.20, which setuptools 82 no longer has."""
    protobuf: str = "protobuf"
    """TensorBoard 2.16 and 2.17 call an argument that protobuf 5.26 took out."""

    @property
    def name(self) -> str:
        """A folder's name: ``py3.10-torch2.4.1``."""
        return f"py{self.python}-torch{self.torch.partition('==')[2]}"

    @property
    def requirements(self) -> list[str]:
        """What pip is asked for."""
        wanted = [self.torch, self.tensorboard, self.numpy, self.fastai]
        wanted += [self.setuptools, self.protobuf]
        return [each for each in wanted if each]


OLD_SETUPTOOLS: Final = "setuptools<82"

ENVIRONMENTS: Final = (
    Environment(
        "3.10",
        "torch==2.4.1",
        "tensorboard==2.16.2",
        "numpy<2",
        "fastai==2.7.19",
        OLD_SETUPTOOLS,
        "protobuf<5",
    ),
    Environment(
        "3.10",
        "torch==2.5.1",
        "tensorboard==2.17.1",
        "numpy<2",
        setuptools=OLD_SETUPTOOLS,
        protobuf="protobuf<5",
    ),
    Environment("3.11", "torch==2.6.0", "tensorboard==2.18.0", setuptools=OLD_SETUPTOOLS),
    Environment("3.11", "torch==2.7.1", "tensorboard==2.19.0", setuptools=OLD_SETUPTOOLS),
    Environment("3.12", "torch==2.8.0", "tensorboard==2.20.0", setuptools=OLD_SETUPTOOLS),
    Environment("3.12", "torch==2.9.1", "tensorboard==2.21.0"),
    Environment("3.13", "torch==2.10.0", "tensorboard==2.21.0"),
    Environment("3.13", "torch==2.11.0", "tensorboard==2.21.0"),
    Environment("3.12", "torch==2.12.1", "tensorboard==2.21.0"),
    Environment("3.13", "torch==2.13.0", "tensorboard==2.21.0"),
    Environment("3.11", "torch==2.14.1", "tensorboard==2.21.0", "numpy==1.26.4"),
    Environment("3.13", "torch==2.15.0", "tensorboard==2.21.0", fastai="fastai"),
)

if __name__ == "__main__":
    # For the jobs of .github/workflows/tests.yml.
    print(json.dumps([{"name": each.name, "python": each.python} for each in ENVIRONMENTS]))
