"""Single numbers on their way from a device to the host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from tb_activation_hist.capture.device_timer import EVENT_DEVICES
from tb_activation_hist.capture.stream_order import mark_stream


class LateScalar:
    """One number whose copy to the host was started; `float` waits for that copy alone."""

    def __init__(self, value: Tensor, module: Any = None) -> None:
        self._host = value.detach().to("cpu", non_blocking=True)
        self._event = mark_stream(value.device, module)

    @property
    def ready(self) -> bool:
        """Whether it has arrived; never waits."""
        return bool(self._event.query())

    def __float__(self) -> float:
        self._event.synchronize()
        return float(self._host)


def keep_scalars(scalars: Mapping[str, float | Tensor]) -> dict[str, Any]:
    """Copies that the writer reads later: the training may change a tensor in place before that."""
    return {
        name: keep_scalar(value) if isinstance(value, Tensor) else value
        for name, value in scalars.items()
    }


def keep_scalar(value: Tensor) -> Tensor | LateScalar:
    """A copy for later: on its way to the host, or where the tensor is."""
    if value.device.type in EVENT_DEVICES and value.numel() == 1:
        return LateScalar(value)
    return value.detach().clone()
