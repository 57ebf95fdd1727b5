"""Models whose blocks are compiled one by one (``block.compile()``), all from the same code."""

from __future__ import annotations

from torch import nn

from tb_activation_hist.capture.torch_internals import is_compiled, raise_graph_limit


def make_room_for_graphs(model: nn.Module) -> None:
    """Let torch.compile keep one more graph for each block of this model compiled by itself.

    Blocks of one class share a graph. With hooks each has its own, as each counts into its own
    rows, and torch.compile gives up at 8 graphs of one function: with ``fullgraph=True`` by an
    error. The limit stays raised, since the graphs without hooks are asked for again afterwards.
    """
    compiled = sum(is_compiled(module) for module in model.modules())
    if compiled >= 2:
        raise_graph_limit(by=compiled)
