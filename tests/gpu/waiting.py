"""That a step waits for nothing, gives an idle device nothing, and allocates nothing."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator

import torch
from torch import nn

from tb_activation_hist.core.errors import ActivationHistWarning
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.gpu.exact import make_batch, make_model
from tests.gpu.registry import check, synchronize
from tests.unit.scripts.witness import EVERY_KIND


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
