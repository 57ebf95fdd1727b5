# mypy: disallow-untyped-decorators, disallow-subclassing-any, disallow-untyped-calls
"""The whole public face in right use: no type checker may complain. Never run."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from fastai.learner import Learner  # type: ignore[import-untyped, unused-ignore]  # fastai comes without types
from matplotlib import pyplot as plt
from torch import nn
from torch.utils.tensorboard import SummaryWriter

import tb_activation_hist.fastai
import tb_activation_hist.lightning
import tb_activation_hist.transformers
from tb_activation_hist import (
    ActivationHistCallback,
    ActivationHistError,
    ActivationHistLogger,
    ActivationHistWarning,
    AnyScheme,
    AxesArray,
    Between,
    BinCounts,
    CompareMode,
    CompareOptions,
    ComparisonError,
    DifferencePlotOptions,
    Every,
    Evidence,
    ExecutionOrder,
    ExplicitBins,
    Finding,
    FindingOptions,
    FloatBits,
    FormatError,
    FormatLoss,
    HistogramSeries,
    HistogramWriter,
    Kind,
    LayerComparison,
    LayerInfo,
    LayerNames,
    Layers,
    LayerSelectionError,
    LayerSelector,
    LayersPlotOptions,
    LayerStats,
    LayerValues,
    LearnerLike,
    LinearBins,
    Logdir,
    LogdirError,
    LogdirHistograms,
    LoggerOptions,
    LogSpaced,
    MemoryWriter,
    MissingDependencyError,
    NotebookCell,
    NumberFormat,
    NumberFormatOptions,
    OnBacklog,
    OnError,
    OptionError,
    ParameterFacts,
    ParameterHistory,
    ParameterInfo,
    ParameterSizes,
    Phase,
    Probe,
    RecordFacts,
    Recording,
    RecordingSource,
    RunComparison,
    RunHistograms,
    RunsPlotOptions,
    RunWriter,
    Scale,
    Scheme,
    SeriesPlotOptions,
    ShareOptions,
    SizeSeries,
    SlicePlotOptions,
    SliceSeries,
    SliceStatistic,
    SliceTallies,
    Split,
    SplitPattern,
    StepWatcher,
    SummaryWriterLike,
    TableOptions,
    Tallies,
    ValueAxisOptions,
    WatchedKind,
    WriterOptions,
    compare_runs,
    probe_module,
    read_histograms,
    record,
    save_golden,
)

model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

# Every option, alone and through names of one's own.
kinds: list[Kind] = ["activations", "gradients", "weights", "weight_gradients", "updates"]
phases: tuple[Phase, ...] = ("train", "eval")
stopping: list[WatchedKind] = ["collapsed"]
on_error: OnError = "raise"
on_backlog: OnBacklog = "skip"
scheme: Scheme = LinearBins(40, 0, 10)
any_scheme: AnyScheme = scheme
patterns: list[SplitPattern] = ["*.relu", re.compile("attn"), nn.Linear, model[0]]
splits: Split = {patterns[0]: 1, "*/scores": -3}
options: LoggerOptions = {"every": 2, "kinds": kinds, "on_error": on_error}
ActivationHistLogger(model, "runs/a", **options)
hist = ActivationHistLogger(
    model,
    Path("runs/a"),
    layers=None,
    every=1,
    kinds=("activations", "gradients"),
    phases=phases,
    bins=FloatBits(),
    per_call=True,
    accumulate=False,
    split=splits,
    split_exact=True,
    split_bins=True,
    thin_after=None,
    schedule=None,
    overhead_budget=0.05,
    scaler=torch.amp.GradScaler(),
    on_error="warn",
    optimizer=[optimizer],
    start_step=0,
    merge_ranks=True,
    per_rank=False,
    rank_timeout_s=60,
    warn_on=["collapsed", "non_finite"],
    on_finding=print,
    alert_url="https://example.org/alerts",
    stop_on=stopping,
    block_records=32,
    flush_s=5,
    queue_records=8,
    on_backlog=on_backlog,
    histogram_points=500,
    scalar_points=0,
    dashboard_cards=None,
    close_timeout_s=30.0,
)
ActivationHistLogger(model, "runs/a", optimizer=optimizer, bins=scheme)
ActivationHistLogger(model, "runs/a", schedule=lambda step: step % 2 == 0)
schedules: list[Callable[[int], bool]] = [Every(2), Between(10, 20), LogSpaced(per_decade=100)]
for schedule in schedules:
    ActivationHistLogger(model, "runs/a", schedule=schedule)

# Every way to name layers.
selectors: list[LayerSelector] = ["0", re.compile("layer[1-4]"), nn.Linear, model[0]]
selections: list[Layers] = [
    None,
    "conv1",
    ["conv1", "layer*"],
    selectors,
    [nn.Linear, nn.ReLU],
    [model[0], model[1]],
    lambda name, _module: name.startswith("0"),
]
for layers in selections:
    ActivationHistLogger(model, "runs/a", layers=layers)

# Every place to write to.
shared = SummaryWriter("runs/a")
like: SummaryWriterLike = shared
places: list[Logdir] = ["runs/a", Path("runs/a"), shared, like]
memory = MemoryWriter(options=WriterOptions(block_records=8))
for writer in (memory, RunWriter("runs/a")):
    ActivationHistLogger(model, writer)
for place in places:
    ActivationHistLogger(model, place)

# The loop.
with hist:
    loss = torch.zeros(())
    hist.step(loss=loss, rate=0.1)
    hist.step(7, loss=1)
    if hist.should_stop:
        hist.detach()
        hist.attach()
watcher: StepWatcher = hist.watch_steps()
watcher.before(optimizer)
watcher.after(optimizer)
found: list[Finding] = hist.findings(FindingOptions(collapsed_share=0.9))
evidence: tuple[Evidence, ...] = found[0].evidence
print([f"{each.title} {each.advice} {each.layers}" for each in found], hist.layers, hist.steps)
in_memory: dict[str, HistogramSeries] = memory.histograms
infos: dict[str, LayerInfo] = memory.infos

# Callbacks and probes.
callback = ActivationHistCallback("runs/a", every=2)
tb_activation_hist.fastai.ActivationHistCallback(None, kinds=["weights"])
tb_activation_hist.lightning.ActivationHistCallback(shared, layers="layer*")
tb_activation_hist.transformers.ActivationHistCallback(Path("runs"), stop_on=["non_finite"])
stats: LayerStats = callback.layer_stats("conv1", legacy_near_zero=True)
print(callback.steps, callback.histograms["conv1"], callback.findings(), stats.mean)
callback.close()


def look(learn: Learner, other: LearnerLike) -> AxesArray:
    """Learners are taken as they are, though fastai has no types."""
    probe_module(other)
    probe: Probe = probe_module(learn, "0.*", logdir="runs/b", phases=["eval"])
    return probe.plot(columns=2, scale="symlog")


with probe_module(model, model[0], bins=LinearBins(40, 0, 10)) as probed:
    probed.step(loss=loss)
    probed.color_dim(0, figsize=(8, 4))
    probed.plot_layer_stats("0")

# What was recorded.
runs: LogdirHistograms = read_histograms(Path("runs"))
run: RunHistograms = runs["a"]
series: HistogramSeries = run["conv1"]
scale: Scale = "symlog"
axis: ValueAxisOptions = {"lo": -1, "hi": 1, "scale": scale, "rows": 64}
grid: LayersPlotOptions = {"columns": 2}
one: SeriesPlotOptions = {"title": "first"}
step: SlicePlotOptions = {"figsize": (3, 2)}
_, ax = plt.subplots()
runs.plot(["conv1"], **axis)
run.plot(**grid)
series.plot(**one)
series.plot(ax=ax, lo=0, hi=None)
series.plot_difference(run["conv2"], title="second").get_xlabel()
series.plot_slice(10, **step)
tallies: Tallies = series.tallies
slices: SliceSeries | None = series.slices
if slices is not None:
    statistic: SliceStatistic = "abs_max"
    slices.plot(statistic, ax).get_title()
    held: SliceTallies = slices.tallies
    print(slices.statistic(statistic).shape, held.sum, slices.to_dataframe(), slices.dimension)
explicit = series.scheme.edges if isinstance(series.scheme, ExplicitBins) else ()
print(series.quantile([0.1, 0.9]).shape, series.rebin([0, 1]).sum(), tallies.n, explicit)
print(run.layer_info("conv1"), series.to_dataframe(counts=True), run.info)

# Arrays of other frameworks, and what is counted already.
values: dict[str, LayerValues] = {"a": np.ones(3), "b": [0.5], "c": {"kernel": np.ones((2, 2))}}
with HistogramWriter("runs/c", bins=scheme, on_error="raise") as arrays:
    arrays.add(1, values, kind="gradients", phase="eval", scalars={"loss": np.float32(1)})
    arrays.add(2, {"d": BinCounts(*np.histogram(np.ones(3), 4), zeros=1, sum=3.0)})
    arrays.flush()
HistogramWriter(memory, options=WriterOptions(flush_s=1)).close()


class Scores(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        record(self, scores=x)
        return x


# Two runs compared.
mode: CompareMode = "octaves"
names: LayerNames = {"encoder.*": "*"}
compared: CompareOptions = {"mode": mode, "tolerance": 0.1, "names": names}
sources: list[RecordingSource] = ["runs/a", Path("runs/b"), run, memory]
comparison: RunComparison = compare_runs(sources[0], sources[1], **compared)
differing: tuple[LayerComparison, ...] = tuple(comparison.layers)
facts: list[RecordFacts | None] = [each.a for each in differing]
save_golden(sources[2], "golden.zip", layers="conv*")
order: ExecutionOrder = run.execution_order
in_hand: RecordingSource = Recording("mine", in_memory, infos, order)
assert issubclass(ComparisonError, ActivationHistError)

# What other number formats would lose.
number_format: NumberFormat = "e4m3"
loss_in_format: FormatLoss = series.format_loss(number_format, scale=series.best_scale("e5m2"))
print(loss_in_format.lost.max(), series.best_scale_per_step("fp16").shape)
sharing: ShareOptions = {
    "layers": ["layer1.*"],
    "columns": 250,
    "size_mb": 1.5,
    "exact": True,
}
shared_path: Path = runs.share("page.html", "lr=*", **sharing)
cell: NotebookCell = runs.interactive("lr=*", height_px=300, layers="conv1")
columns: TableOptions = {"number_formats": ["bf16", number_format], "scale": 0.5}
run.to_dataframe(**columns)
drawn: NumberFormatOptions = {"number_format": "fp16", "format_scale": 1024.0}
beside: RunsPlotOptions = {"rows": 32, "number_format": "bf16"}
runs.plot(**beside)
run.plot(**drawn)
difference: DifferencePlotOptions = {"title": "second"}
series.plot_difference(run["conv2"], **difference)

# Sizes of parameters.
sizes: ParameterSizes = run.parameter_sizes()
history: ParameterHistory = sizes["fc.weight"]
parameter: ParameterInfo = history.info
parameter_facts: ParameterFacts = history.facts
weights: SizeSeries = history.weights
print(parameter.numel, parameter_facts.rates, weights.rms, sizes.to_dataframe())

for error in (FormatError, LayerSelectionError, LogdirError, MissingDependencyError, OptionError):
    assert issubclass(error, ActivationHistError)
assert issubclass(ActivationHistWarning, UserWarning)
