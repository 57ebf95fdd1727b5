"""TensorBoard's protocol buffers: events, and strings and metadata in them.

They are imported where they are used: without TensorBoard, the rest of the package works.
"""

from __future__ import annotations

from typing import Any

from tb_activation_hist.core.names import PLUGIN_NAME


def new_event(step: int, wall_time: float) -> Any:
    """An ``Event`` with an empty ``Summary``."""
    from tensorboard.compat.proto.event_pb2 import Event

    return Event(step=step, wall_time=wall_time)


def add_string(summary: Any, tag: str, text: bytes) -> Any:
    """Append a value that is one string, as a scalar tensor; returns it."""
    from tensorboard.compat.proto.types_pb2 import DT_STRING

    value = summary.value.add(tag=tag)
    value.tensor.dtype = DT_STRING
    value.tensor.tensor_shape.SetInParent()
    value.tensor.string_val.append(text)
    return value


def describe(value: Any, content: bytes, plugin: str = PLUGIN_NAME) -> None:
    """Say that a value is our plugin's; content: what the plugin knows of its tag."""
    from tensorboard.compat.proto.summary_pb2 import DATA_CLASS_TENSOR

    value.metadata.plugin_data.plugin_name = plugin
    value.metadata.plugin_data.content = content
    value.metadata.data_class = DATA_CLASS_TENSOR
