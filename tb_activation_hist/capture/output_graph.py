"""The graph of operations behind a model's output, as autograd keeps it until the backward pass."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, Final, Protocol

from torch import Tensor, nn

from tb_activation_hist.capture.outputs import floating_tensors

MOST_NODES: Final = 20_000
"""Operations of a graph that are followed, at most."""


MOST_RESHAPED: Final = 16
"""Operations on the shape of an output that are looked through, at most."""


class GraphWatch(Protocol):
    """Looks at the graph of a model's outputs."""

    def note(self, name: str, module: nn.Module, args: Any, output: Any, step: int) -> None:
        """A model has given this output in training. name: of the model."""


RESHAPING: Final = (
    "View", "UnsafeView", "Reshape", "Squeeze", "Unsqueeze", "Select", "Slice", "Transpose", "T",
    "Permute", "Clone", "ToCopy", "Alias", "Expand",
)  # fmt: skip
"""Operations, as autograd's classes name them, that only rearrange, copy or convert values."""


def is_sigmoid(output: Tensor) -> bool:
    """Whether the last operation that computed these values is a sigmoid, of a module or not."""
    node = output.grad_fn
    for _ in range(MOST_RESHAPED):
        name = type(node).__name__.partition("Backward")[0]
        if node is None or name not in RESHAPING or not node.next_functions:
            return name == "Sigmoid"
        node = node.next_functions[0][0]
    return False


def nodes_of(output: Any) -> Iterator[Any]:
    """Each operation once, those nearest to the output first."""
    tensors: Iterable[Tensor] = (tensor for _, tensor in floating_tensors(output))
    return nodes_before([tensor.grad_fn for tensor in tensors])


def nodes_before(nodes: Iterable[Any], most: int = MOST_NODES) -> Iterator[Any]:
    """These operations and those before them; most: how many are followed."""
    waiting = deque(node for node in nodes if node is not None)
    seen = set(waiting)
    while waiting and len(seen) < most:
        node = waiting.popleft()
        yield node
        for before, _ in node.next_functions:
            if before is not None and before not in seen:
                seen.add(before)
                waiting.append(before)


def parameters_of(nodes: Iterable[Any]) -> Iterator[nn.Parameter]:
    """The parameters that gradients arrive at, among these operations."""
    for node in nodes:
        if type(node).__name__ == "AccumulateGrad" and isinstance(node.variable, nn.Parameter):
            yield node.variable
