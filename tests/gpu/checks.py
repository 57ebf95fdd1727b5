"""What must hold on a GPU. Each check takes a device; those in `ANYWHERE` hold on the CPU too.

Without pytest, so that a bare machine can run them: ``python -m tests.gpu [cuda|cpu]``.
"""

from __future__ import annotations

import contextlib
import copy
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from tb_activation_hist.core.errors import ActivationHistWarning
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.gpu.exact import assert_exact, make_batch, make_model, set_whole_weights
from tests.unit.scripts.witness import EVERY_KIND, Witness

ROOT = Path(__file__).parents[2]
STEPS = 5

Check = Callable[[str], None]
CHECKS: dict[str, Check] = {}
ANYWHERE: set[str] = set()


def check(*, anywhere: bool = False) -> Callable[[Check], Check]:
    """Put a check into the list; anywhere: it holds on the CPU too."""

    def add(function: Check) -> Check:
        CHECKS[function.__name__] = function
        if anywhere:
            ANYWHERE.add(function.__name__)
        return function

    return add


def synchronize(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


@contextlib.contextmanager
def no_synchronisation(device: str) -> Iterator[None]:
    """Every wait of the host for the device is an error."""
    if device != "cuda":
        yield
        return
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


@check(anywhere=True)
def every_kind_is_exact(device: str) -> None:
    """Activations, their gradients, weights, weight gradients and updates of an eager training."""
    model = make_model(device)
    optimizer = torch.optim.SGD(model.parameters(), 2**-10)
    witness, writer = Witness(model, EVERY_KIND, [optimizer]), MemoryWriter()
    with ActivationHistLogger(model, writer, kinds=EVERY_KIND, on_error="raise") as hist:
        for step in range(STEPS):
            model(make_batch(device, step)).mean().backward()
            optimizer.step()
            optimizer.zero_grad()
            witness.end_step()
            hist.step()
    assert_exact(writer.histograms, witness.seen)


@check(anywhere=True)
def every_second_step_is_exact_and_evaluation_is_apart(device: str) -> None:
    model = make_model(device)
    witness, writer = Witness(model), MemoryWriter()
    options = {"every": 2, "phases": ("train", "eval"), "on_error": "raise"}
    with ActivationHistLogger(model, writer, **options) as hist:
        for step in range(STEPS):
            model(make_batch(device, step))
            witness.end_step()
            hist.step()
            with torch.no_grad():
                model.eval()(make_batch(device, 100 + step))
            model.train()
    trained = {key: own for key, own in writer.histograms.items() if "eval" not in key}
    assert len(trained) == len(list(model)), sorted(writer.histograms)
    assert_exact(trained, witness.seen, only=(1, 2, 4))


@check(anywhere=True)
def narrow_types_are_exact(device: str) -> None:
    """bfloat16 and float16 values under autocast are counted as they are."""
    for dtype in (torch.bfloat16, torch.float16):
        model = make_model(device)
        witness, writer = Witness(model), MemoryWriter()
        with ActivationHistLogger(model, writer, on_error="raise") as hist:
            for step in range(2):
                with torch.autocast(device, dtype):
                    model(make_batch(device, step))
                witness.end_step()
                hist.step()
        assert_exact(writer.histograms, witness.seen)


def run_compiled(device: str, **options: Any) -> None:
    """A compiled model against a plain twin with the same weights, recorded at every other step."""
    torch._dynamo.reset()
    model = make_model(device)
    twin = copy.deepcopy(model)
    witness, writer = Witness(twin), MemoryWriter()
    if device == "cpu":
        options = {"backend": "eager"}  # the same graph, without minutes of C++
    compiled = torch.compile(model, fullgraph=True, **options)
    with ActivationHistLogger(compiled, writer, every=2, on_error="raise") as hist:
        for step in range(2 * STEPS):
            for each in (model, twin):
                set_whole_weights(each, step)
            batch = make_batch(device, step)
            if options.get("mode"):
                torch.compiler.cudagraph_mark_step_begin()
            compiled(batch).sum().backward()
            twin(batch)
            model.zero_grad()
            witness.end_step()
            hist.step()
    torch._dynamo.reset()
    assert_exact(writer.histograms, witness.seen, only=(1, *range(2, 2 * STEPS + 1, 2)))


@check(anywhere=True)
def a_compiled_model_is_exact(device: str) -> None:
    run_compiled(device)


@check()
def a_compiled_model_with_cuda_graphs_is_exact(device: str) -> None:
    """The graphs are captured while counting is on, off, and replayed in both states."""
    run_compiled(device, mode="reduce-overhead")


@check()
def a_captured_step_is_exact(device: str) -> None:
    """A forward pass captured by hand, replayed with other inputs."""
    model = make_model(device)
    writer, x = MemoryWriter(), make_batch(device, 0)
    witness = Witness(copy.deepcopy(model))
    twin = nn.Sequential(*witness.layers.values())
    with ActivationHistLogger(model, writer, on_error="raise") as hist, torch.no_grad():
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            model(x)
        torch.cuda.current_stream().wait_stream(side)
        hist.step()
        twin(x)
        witness.end_step()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            model(x)
        for step in range(1, 4):
            x.copy_(make_batch(device, step))
            graph.replay()
            twin(x)
            witness.end_step()
            hist.step()
    assert_exact(writer.histograms, witness.seen)


@check(anywhere=True)
def checkpointed_layers_count_once(device: str) -> None:
    for reentrant in (False, True):
        model = make_model(device)
        witness, writer = Witness(copy.deepcopy(model)), MemoryWriter()
        twin = nn.Sequential(*witness.layers.values())
        with ActivationHistLogger(model, writer, on_error="raise") as hist:
            for step in range(STEPS):
                x = make_batch(device, step).requires_grad_()
                checkpoint(model, x, use_reentrant=reentrant).sum().backward()
                twin(x.detach())
                witness.end_step()
                hist.step()
        assert_exact(writer.histograms, witness.seen)


@check()
def stages_on_several_streams_are_exact(device: str) -> None:
    """Two stages on streams of their own, micro-batches overlapping, as a pipeline runs them."""
    model = make_model(device, blocks=4)
    stages = [model[:6], model[6:]]
    witness, writer = Witness(copy.deepcopy(model)), MemoryWriter()
    twin = nn.Sequential(*witness.layers.values())
    main, streams = torch.cuda.current_stream(), [torch.cuda.Stream() for _ in stages]
    with ActivationHistLogger(model, writer, on_error="raise") as hist:
        for step in range(4 * STEPS):
            batches = [make_batch(device, 4 * step + part, 4096) for part in range(4)]
            for stream in streams:
                stream.wait_stream(main)
            outputs: list[Tensor] = []
            with torch.no_grad():
                for batch in batches:
                    with torch.cuda.stream(streams[0]):
                        middle = stages[0](batch)
                    middle.record_stream(streams[1])
                    streams[1].wait_stream(streams[0])
                    with torch.cuda.stream(streams[1]):
                        outputs.append(stages[1](middle))
            # The main stream waits for nothing here: the record itself must.
            hist.step()
            main.wait_stream(streams[1])
            with torch.no_grad():
                for batch in batches:
                    twin(batch)
            witness.end_step()
    assert_exact(writer.histograms, witness.seen)


@check(anywhere=True)
def nothing_waits_for_the_device(device: str) -> None:
    """All kinds, a loss beside them, the budget on, recorded and unrecorded steps."""
    model = make_model(device)
    optimizer = torch.optim.SGD(model.parameters(), 2**-10)
    writer = MemoryWriter()
    with ActivationHistLogger(model, writer, kinds=EVERY_KIND, every=3, on_error="raise") as hist:
        batches = [make_batch(device, step) for step in range(30)]
        for step, batch in enumerate(batches):
            with no_synchronisation(device) if step else contextlib.nullcontext():
                loss = model(batch).square().mean()
                loss.backward()
                optimizer.step()
                optimizer.zero_grad()
                hist.step(loss=loss)
        synchronize(device)
    assert len(writer.histograms["0"]) == 11


@check()
def a_compiled_model_waits_for_nothing(device: str) -> None:
    torch._dynamo.reset()
    model = make_model(device)
    compiled = torch.compile(model)
    with ActivationHistLogger(compiled, MemoryWriter(), every=2, on_error="raise") as hist:
        batches = [make_batch(device, step) for step in range(20)]
        for step, batch in enumerate(batches):
            with no_synchronisation(device) if step > 2 else contextlib.nullcontext():
                compiled(batch).sum().backward()
                hist.step()
    torch._dynamo.reset()


def launches(work: Callable[[], None]) -> int:
    """Kernels, copies and fills that the device is given to do."""
    activities = [torch.profiler.ProfilerActivity.CUDA]
    with torch.profiler.profile(activities=activities) as profile:
        work()
        torch.cuda.synchronize()
    names = [event.name for event in profile.events()]
    return sum("LaunchKernel" in name or "Memcpy" in name or "Memset" in name for name in names)


@check()
def an_unrecorded_step_gives_the_device_nothing(device: str) -> None:
    model, x = make_model(device, blocks=20), make_batch(device, 0)

    def forward() -> None:
        with torch.no_grad():
            model(x)

    forward()
    plain = min(launches(forward) for _ in range(2))
    with ActivationHistLogger(model, MemoryWriter(), every=1000, on_error="raise") as hist:

        def step() -> None:
            forward()
            hist.step()

        step()
        step()
        assert min(launches(step) for _ in range(2)) == plain


@check()
def a_thousand_layers_take_a_launch_each_and_allocate_nothing(device: str) -> None:
    model, x = make_model(device, blocks=334), make_batch(device, 0)

    def forward() -> None:
        with torch.no_grad():
            model(x)

    def allocations() -> int:
        return int(torch.cuda.memory_stats()["allocation.all.allocated"])

    def count_allocations(work: Callable[[], None]) -> int:
        before = allocations()
        work()
        return allocations() - before

    forward()
    plain, plain_launches = count_allocations(forward), launches(forward)
    options = {"overhead_budget": None, "on_error": "raise"}
    with ActivationHistLogger(model, MemoryWriter(), **options) as hist:

        def step() -> None:
            forward()
            hist.step()
            hist.flush()

        for _ in range(3):
            step()
        assert count_allocations(step) == plain
        # One for each tensor, and a few to copy and empty the counts.
        assert launches(step) <= plain_launches + len(model) + 12


@check()
def a_dear_recording_is_thinned_by_real_events(device: str) -> None:
    """Large values and no computation: counting is most of the device's work."""
    model = nn.Sequential(*(nn.Identity() for _ in range(8)))
    x = torch.randn(1 << 22, device=device)
    writer = MemoryWriter()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ActivationHistWarning)
        with ActivationHistLogger(model, writer, overhead_budget=1e-4, on_error="raise") as hist:
            for _ in range(200):
                x.add_(0)
                model(x)
                hist.step()
            costs = hist._cadence.budget._devices
            synchronize(device)
    texts = [str(each.message) for each in told]
    assert sum("overhead_budget=0.0001" in text for text in texts) == 1, texts
    assert len(writer.histograms["0"]) < 200
    (device_costs,) = costs.values()
    assert all(0 < cost.record_s < 1 for cost in device_costs), device_costs


@check()
def counting_in_cuda_graphs_is_measured(device: str) -> None:
    """No event lies in a captured graph: its counting is told from a sample."""
    torch._dynamo.reset()
    model = nn.Sequential(*(nn.ReLU() for _ in range(4)))
    compiled = torch.compile(model, mode="reduce-overhead")
    x = torch.randn(1 << 22, device=device)
    options = {"overhead_budget": 0.9, "on_error": "raise"}
    with ActivationHistLogger(compiled, MemoryWriter(), **options) as hist:
        for _ in range(60):
            torch.compiler.cudagraph_mark_step_begin()
            compiled(x)
            hist.step()
            synchronize(device)
        (timer,) = hist._state.meter.timers.values()
        cost = hist._cadence.budget.last_cost
    torch._dynamo.reset()
    assert sum(timer._captured_bytes.values()) == 4 * x.nbytes, timer._captured_bytes
    assert timer._byte_s is not None
    assert 0 < timer._byte_s * x.nbytes < cost.record_s < 1, (timer._byte_s, cost)


def run_script(*arguments: str, timeout_s: float = 120, **environment: str) -> None:
    """Run a module in a process of its own; its error is this one's."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


@check()
def ranks_are_exact(device: str) -> None:
    """DDP and FSDP2 over all devices, at most 2 (over one, where there is no second)."""
    ranks = min(torch.cuda.device_count(), 2)
    launcher = ("torch.distributed.run", f"--nproc-per-node={ranks}", "--standalone")
    with tempfile.TemporaryDirectory() as folder:
        run_script(*launcher, "--module", "tests.gpu.rank_worker", folder, "ddp", "fsdp")


@check()
def the_kernel_counts_like_numpy(device: str) -> None:
    run_script("tests.unit.capture.triton_rows", device)
