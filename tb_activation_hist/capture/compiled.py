"""Models whose blocks are compiled one by one (``block.compile()``), all from the same code."""

from __future__ import annotations

from torch import nn


def make_room_for_graphs(model: nn.Module) -> None:
    """Let torch.compile keep one more graph for each block of this model compiled by itself.

    Blocks of one class share a graph. With hooks each has its own, as each counts into its own
    rows, and torch.compile gives up at 8 graphs of one function: with ``fullgraph=True`` by an
    error. The limit stays raised, since the graphs without hooks are asked for again afterwards.
    """
    blocks = sum(_is_compiled(module) for module in model.modules())
    if blocks < 2:
        return
    import torch._dynamo

    config = torch._dynamo.config
    word = "recompile" if hasattr(config, "recompile_limit") else "cache_size"  # until torch 2.5
    for name in (f"{word}_limit", f"accumulated_{word}_limit"):
        setattr(config, name, getattr(config, name) + blocks)


def _is_compiled(module: nn.Module) -> bool:
    in_place = getattr(module, "_compiled_call_impl", None) is not None
    return in_place or type(module).__name__ == "OptimizedModule"
