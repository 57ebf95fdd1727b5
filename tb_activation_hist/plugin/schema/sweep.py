"""The sweep route: what distinguishes the runs of a log directory."""

from __future__ import annotations

from typing import TypedDict

Hyperparameter = float | str | bool
"""Value of a hyper-parameter."""


class LastScalar(TypedDict):
    """The newest point of a scalar."""

    tag: str
    """Tag of the scalar."""
    step: int
    """Step of the point."""
    value: float | None
    """A value that is not finite is null."""


class SweepRun(TypedDict):
    """What distinguishes one run of the log directory from the others."""

    name: str
    """Name of the run."""
    hyperparameters: dict[str, Hyperparameter]
    """By name: those of TensorBoard's HParams, and those that the run's name has as `key=value`."""
    loss: LastScalar | None
    """The newest loss; null where the run has no scalar whose tag names a loss."""


class Sweep(TypedDict):
    """The runs of the log directory with their hyper-parameters and losses."""

    version: int
    """{API_VERSION}; the page refuses any other."""
    runs: list[SweepRun]
    """The runs that have layers, by name."""
