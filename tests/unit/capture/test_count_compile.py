"""The counting op in compiled graphs: one graph, no breaks, exact counts at every cadence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch._dynamo.testing import CompileCounter

from tb_activation_hist.capture.count import CountBuffer, count_
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.core.schemes.scheme import Scheme
from tests.unit.capture.counted import check_empty, check_row, expect


class _Counted(torch.nn.Module):
    """Counts before and after an in-place successor."""

    def __init__(self, buffer: CountBuffer) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(10, 20)
        self.buffer = buffer

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        hidden = self.linear(values)
        count_(self.buffer, 0, hidden)
        hidden = torch.relu_(hidden)
        count_(self.buffer, 2, hidden.t())
        return hidden


def _check_cadences(model: _Counted, compiled: Callable[[torch.Tensor], torch.Tensor]) -> None:
    for step in range(7):
        recorded = step % 3 != 0
        model.buffer.switch.on = recorded
        values = torch.randn(7, 10)
        compiled(values).sum().backward()
        host = model.buffer.to_host()  # swaps the memory that the graph writes to
        check_empty(host, 1)
        if recorded:
            with torch.no_grad():
                hidden = model.linear(values)
            # The compiled product may differ from the eager one in its last bit.
            assert host.tallies[0].tolist() == [140, 0, 0, 0, 0]
            assert host.tallies[2].tolist() == [140, int((hidden <= 0).sum()), 0, 0, 0]
            assert host.moments[0, 2] == pytest.approx(float(hidden.sum()), abs=1e-4)
            assert host.counts[0].sum() == host.counts[2].sum() == 140
        else:
            check_empty(host, 0)
            check_empty(host, 2)


@pytest.mark.parametrize("backend", ["eager", "aot_eager", "inductor"])
def test_one_graph_for_every_cadence(backend: str) -> None:
    torch._dynamo.reset()
    model = _Counted(CountBuffer(3))
    compiled = torch.compile(model, fullgraph=True, backend=backend)
    with torch._dynamo.config.patch(error_on_recompile=True):
        _check_cadences(model, compiled)


def test_there_is_one_graph_with_two_nodes_of_ours() -> None:
    torch._dynamo.reset()
    counter = CompileCounter()
    model = _Counted(CountBuffer(3))
    compiled = torch.compile(model, fullgraph=True, backend=counter)
    _check_cadences(model, compiled)
    assert counter.frame_count == 1
    explained = torch._dynamo.explain(model)(torch.randn(7, 10))
    assert explained.graph_break_count == 0
    nodes = [str(node.target) for graph in explained.graphs for node in graph.graph.nodes]
    assert sum("tb_activation_hist" in node for node in nodes) == 2


@pytest.mark.parametrize("scheme", [FLOAT_BITS, LinearBins(40, 0, 10)], ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_compiled_counts_are_exact(scheme: Scheme, dtype: torch.dtype) -> None:
    torch._dynamo.reset()
    buffer, reference = CountBuffer(1, scheme), CountBuffer(1, scheme)
    buffer.switch.on = reference.switch.on = True
    values = torch.randn(30, 40).to(dtype)

    @torch.compile(fullgraph=True, backend="aot_eager")
    def double(given: torch.Tensor) -> torch.Tensor:
        count_(buffer, 0, given.t())
        return given * 2

    double(values)
    count_(reference, 0, values)
    found, wanted = buffer.to_host(), reference.to_host()
    assert (found.counts == wanted.counts).all()
    assert (found.tallies == wanted.tallies).all()
    if scheme is FLOAT_BITS:
        check_row(found, 0, expect(values))


def test_inductor_writes_in_place() -> None:
    """No copy of the buffer, whatever its size, in the compiled code."""
    torch._dynamo.reset()
    model = _Counted(CountBuffer(3))
    model.buffer.switch.on = True
    compiled = torch.compile(model, fullgraph=True)
    code: list[str] = torch._inductor.utils.run_and_get_code(compiled, torch.randn(7, 10))[1]
    size = model.buffer.storage.numel()
    assert any("tb_activation_hist.count_" in part for part in code)
    assert not any(f"empty_strided_cpu(({size}, )" in part for part in code)


def test_autocast_changes_nothing() -> None:
    torch._dynamo.reset()
    buffer = CountBuffer(1)
    buffer.switch.on = True

    @torch.compile(fullgraph=True, backend="aot_eager")
    def multiply(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        product = left @ right
        count_(buffer, 0, product)
        return product

    with torch.autocast("cpu", dtype=torch.bfloat16):
        product = multiply(torch.randn(8, 8, requires_grad=True), torch.randn(8, 8))
    assert product.dtype == torch.bfloat16
    check_row(buffer.to_host(), 0, expect(product))


def test_an_exported_program_carries_no_counting() -> None:
    torch._dynamo.reset()
    buffer = CountBuffer(3)
    program: Any = torch.export.export(_Counted(buffer).eval(), (torch.randn(7, 10),))
    assert "tb_activation_hist" not in str(program.graph)


def test_op_follows_the_rules_of_custom_ops() -> None:
    buffer = CountBuffer(2)
    buffer.switch.on = True
    values = torch.randn(5, 6, requires_grad=True)
    for given in (values, values.detach()):
        torch.library.opcheck(
            torch.ops.tb_activation_hist.count_.default,
            (buffer.storage, buffer.switch.tensor, 1, given, 2, buffer._scheme_text),
            test_utils=("test_schema", "test_autograd_registration", "test_faketensor"),
        )
