"""That all kinds of recording count exactly on a GPU, and ranks, graphs and streams too."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.gpu.exact import assert_exact, make_batch, make_model, set_whole_weights
from tests.gpu.registry import STEPS, check
from tests.unit.scripts.witness import EVERY_KIND, Witness

ROOT = Path(__file__).parents[2]


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
