"""The index route: the runs and series that can be shown."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

SeriesSource = Literal["blocks", "histograms"]
"""Where a series comes from: this package's own blocks, or histograms that another tool wrote."""


class RunInfo(TypedDict, total=False):
    """What the training process recorded about its run; empty for a run of another tool."""

    version: int
    """Version of the stored run information."""
    silent: list[str]
    """Modules that were asked for but never ran."""
    eval_layers: list[str]
    """Modules that were in eval mode in the last records."""
    skipped: int
    """Records that were left out because the writer could not keep up."""
    lost: int
    """Records that could not be written."""
    errors: list[str]
    """One sentence for each kind of error while recording."""
    changes: list[str]
    """Layers that were replaced, added or removed while the run was recorded, one sentence each."""
    began_again: int
    """Step at which the last training in this directory began, where records from that step on
    were there already: those are left out."""
    other_weights_from: int
    """Step at which a later training began, with other weights than the one before it ended with:
    findings are about this one."""
    cadence: str
    """How often steps are recorded, in words, such as "every step"."""
    execution_order: list[str]
    """Layers in the order in which they first ran, "eval/" before those of evaluation."""
    execution_calls: list[int]
    """Positions in `execution_order`, one for each call; missing where each layer ran once."""
    overhead: str
    """What recording adds to the step time, in words, such as "0.8% of the step time (budget
    5%)"."""
    overhead_share: float
    """The same as a share of the step time, from 0."""


class RunAnswer(TypedDict):
    """One run of the index."""

    name: str
    """The run's name in TensorBoard."""
    start_time: float | None
    """Wall time of the first event, in seconds since 1970."""
    info: RunInfo
    """What the training process recorded about the run."""
    scalars: list[str]
    """Tags of the scalars that can be drawn above the heatmaps; this package's own are not."""


class SplitSeries(TypedDict, total=False):
    """What only a layer has that was recorded with `split`."""

    split: int
    """Dimension along which slices were recorded too."""


class Series(SplitSeries):
    """One tag of the index: a layer, kind and phase, with the runs that have it.

    Some fields have a fixed value for the histograms of other tools.
    """

    tag: str
    """TensorBoard's tag, such as "activations/layer1.0.conv1"."""
    layer: str
    """Name of the module, with a suffix where it has several outputs; for other tools the tag."""
    kind: str
    """What was counted, such as "activations" or "gradients"; for other tools "histograms"."""
    phase: str
    """"train" or "eval"; for other tools "train"."""
    order: int
    """Position in the model of the first run that has the layer, from 0; for other tools
    alphabetical."""
    type: str
    """Type of the module, such as "Conv2d"; for other tools empty."""
    source: SeriesSource
    """Where the series comes from."""
    bins: dict[str, Any]
    """The bin scheme and its parameters; for other tools "explicit": the tiles have the edges."""
    runs: list[int]
    """Positions in the index's runs; the five lists of a series are parallel."""
    shapes: list[list[int]]
    """Shape of the first tensor counted in each run; empty if it is not known."""
    dtypes: list[str]
    """Type of the first tensor counted in each run; empty if it is not known."""
    steps: list[int]
    """Newest step known of each run when the index was made; a tile may be newer."""
    times: list[float]
    """Wall time of each run's newest record known then, in seconds since 1970; a run that was
    replaced has others."""


class Index(TypedDict):
    """What can be shown."""

    version: int
    """{API_VERSION}; the page refuses any other."""
    revision: str
    """Changes when a run, tag, record, scalar tag or warning is new."""
    runs: list[RunAnswer]
    """The runs with series, in TensorBoard's natural order."""
    series: list[Series]
    """Sorted by phase, kind, position in the model and name; another tool's histograms come
    last."""
    warnings: list[str]
    """One sentence for each thing that could not be read; damaged blocks are known once a tile has
    read them, damaged files some seconds after the first question for the index."""
    replaced: int
    """Changes when files of a run with series went away, so that other records may stand at its
    steps and times: what is held of it is to be asked for again."""


class Unchanged(TypedDict):
    """The answer when nothing changed since the revision that the page has."""

    version: int
    """{API_VERSION}; the page refuses any other."""
    revision: str
    """The revision that was asked about."""
    unchanged: Literal[True]
    """Distinguishes this answer from an index."""
