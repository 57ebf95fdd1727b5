"""The order in which a run's layers ran, as its information holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tb_activation_hist.core.stored_json import is_whole

MAX_CALLS: Final = 20_000
"""Maximum number of calls in a run's information; of further layers, it has only the names."""


@dataclass(frozen=True)
class ExecutionOrder:
    """The layers of a run in the order in which the forward pass called them.

    names: layer keys without a kind (``"conv1"``, ``"relu:1"``, ``"lstm/0"``, ``"eval/conv1"``), in
    the order of their first calls; training before evaluation. Layers that first ran later in the
    training are at the end. Empty for runs recorded without an order.
    calls: positions in `names`, one for each call in turn. A sequence of calls that repeats itself
    immediately (micro-batches, the steps of a loop) is kept once.
    """

    names: tuple[str, ...] = ()
    calls: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.names)

    def to_info(self) -> dict[str, Any]:
        """The fields of a run's information; `calls` only where a layer ran more than once."""
        fields: dict[str, Any] = {"execution_order": list(self.names)}
        if self.calls != tuple(range(len(self.names))):
            fields["execution_calls"] = list(self.calls)
        return fields


def info_to_execution_order(info: Mapping[str, Any]) -> ExecutionOrder:
    """Inverse of `ExecutionOrder.to_info`; what does not fit together is left out."""
    names = info.get("execution_order")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return ExecutionOrder()
    names = tuple(dict.fromkeys(names))
    calls = info.get("execution_calls")
    if not isinstance(calls, list) or not all(map(is_whole, calls)):
        return ExecutionOrder(names, tuple(range(len(names))))
    return ExecutionOrder(names, tuple(call for call in calls if 0 <= call < len(names)))
