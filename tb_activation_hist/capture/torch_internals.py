"""The one door to torch's private names.

Torch 2.4, the oldest supported release, has all of them unless an entry says otherwise. A later
release may drop any: each entry says what happens then. The training never stops because of it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final

import torch
from torch import Tensor, nn


def _find(path: str, otherwise: Any) -> Any:
    """What torch has under a dotted path, or `otherwise`."""
    found: Any = torch
    for name in path.split("."):
        found = getattr(found, name, None)
    return otherwise if found is None else found


# --- where the running code was called from -------------------------------------------------------

current_graph_task: Final[Callable[[], int]] = _find("_C._current_graph_task_id", lambda: -1)
"""Number of the backward pass that calls, see `in_backward`; -1: none."""

tracing_state: Final[Callable[[], Any]] = _find("_C._get_tracing_state", lambda: None)
"""What ``torch.jit.trace`` has made so far, see `is_tracing`; None: it does not call."""


def in_backward() -> bool:
    """Whether a backward pass calls, as it does to run the forward part of a checkpoint again.

    Without `_C._current_graph_task_id`: always False, so checkpointed layers count twice.
    """
    return current_graph_task() >= 0


def is_tracing() -> bool:
    """Whether ``torch.jit.trace`` calls; the public function is deprecated with TorchScript.

    Without `_C._get_tracing_state`: always False, so the traced values are counted as well.
    """
    return tracing_state() is not None


def is_exporting() -> bool:
    """Whether ``torch.export`` calls, or another compiler that runs the model without Dynamo.

    Not ``torch.compiler.is_exporting``, which torch.compile takes for True up to torch 2.11.
    """
    compiler = torch.compiler
    without_dynamo = compiler.is_compiling() and not compiler.is_dynamo_compiling()
    return without_dynamo or _is_export_flag_set()


def _is_export_flag_set() -> bool:
    """`export._trace._EXPORT_FLAGS`, or `compiler._is_exporting_flag` of torch 2.7 and later.

    The second is not set during a strict export by torch 2.7. Without them: False, so that a
    program exported with ``strict=True`` carries the counting op.
    """
    known = _find("export._trace._EXPORT_FLAGS", None) is not None
    return known or bool(_find("compiler._is_exporting_flag", False))


# What `torch.compiler.assume_constant_result` does, which imports all of Dynamo.
vars(_is_export_flag_set)["_dynamo_marked_constant"] = True


# --- what a tensor holds --------------------------------------------------------------------------

is_functorch_wrapper: Final[Callable[[Tensor], bool]] = _find(
    "_C._functorch.is_functorch_wrapped_tensor", lambda _: False
)
"""Whether vmap or grad gave this tensor, whose values belong to no step.

Without it: always False, and counting such a tensor fails with one warning."""

without_torch_function: Final[Callable[[], Any]] = _find(
    "_C.DisableTorchFunctionSubclass", contextlib.nullcontext
)
"""Context in which a subclass's ``__torch_function__`` is not called.

Without it: the subclass sees how its data is taken, and may return something else."""


def local_shard(tensor: Tensor) -> Tensor | None:
    """This rank's shard of a DTensor (`_local_tensor`); None for other tensors.

    The public ``to_local`` records the access for autograd. Without the attribute: DTensors have
    no values to read, so their layers are reported as silent.
    """
    local = getattr(tensor, "_local_tensor", None)
    return local if isinstance(local, Tensor) else None


def is_dtensor(tensor: Tensor) -> bool:
    """Whether this is a DTensor, asked where a graph is compiled: by name, as nothing is loaded."""
    return type(tensor).__name__ == "DTensor"


def real_mesh(mesh: Any) -> Any:
    """The device mesh of a DTensor, which graphs of torch 2.10 and later wrap (`real_obj`)."""
    return getattr(mesh, "real_obj", mesh)


def arrived_values(tensor: Tensor) -> Tensor | None:
    """The result of a collective that may still be under way; None for other tensors.

    ``AsyncCollectiveTensor`` (`trigger_wait`), which layers of tensor parallelism give: the current
    stream waits for it, as it would at its next use. Without the method: such layers are silent.
    """
    wait: Callable[[], Tensor] | None = getattr(tensor, "trigger_wait", None)
    return None if wait is None else wait()


def gradient_scale(scaler: Any) -> Tensor | None:
    """The factor of a ``GradScaler`` on its device (`_scale`); None before its first use.

    The public ``get_scale`` waits for the device. Without the attribute: gradients keep the factor.
    """
    scale: Tensor | None = getattr(scaler, "_scale", None)
    return scale


# --- version counters -----------------------------------------------------------------------------

_set_version: Final[Callable[..., None] | None] = _find(
    "_C._autograd._unsafe_set_version_counter", None
)


def version(tensor: Tensor) -> int | None:
    """How often the tensor was changed (`_version`); None for an inference tensor."""
    return None if tensor.is_inference() else tensor._version


def set_version(tensor: Tensor, number: int | None) -> None:
    """Let autograd believe that the tensor was changed so often; nothing for None.

    Torch before 2.7 takes one tensor, later releases take tuples. Without it: a backward pass
    through a checkpoint in a graph of ``backend="eager"`` refuses the changed storage.
    """
    if number is None or number < 0 or _set_version is None:
        return
    try:
        _set_version((tensor,), (number,))
    except TypeError:
        _set_version(tensor, number)


def hide_change(storage: Tensor) -> None:
    """Take back the version that the op's mutation was given.

    A checkpoint inside a graph that is run as it stands (``backend="eager"``) saves its inputs, the
    storage among them, and would refuse the backward pass because it has changed. Nothing is ever
    differentiated by counts.
    """
    number = version(storage)
    set_version(storage, None if number is None else number - 1)


# --- modules --------------------------------------------------------------------------------------

COMPILED: Final = "_orig_mod"
WRAPPER_ATTRIBUTES: Final = (COMPILED, "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
"""Attributes by which torch.compile, FSDP and checkpoint wrappers hold what they wrap.

Under another name: the wrapper is a module like others, and its name is part of the layers'."""


def children(module: nn.Module) -> Mapping[str, nn.Module | None]:
    """Children by name (`_modules`); ``named_children`` leaves out a module's second name."""
    return module._modules


def parameters(module: nn.Module) -> Mapping[str, nn.Parameter | None]:
    """A module's own parameters by name (`_parameters`), also those that are None so far."""
    return module._parameters


def forward_hooks(module: nn.Module) -> MutableMapping[int, Any]:
    """A module's own forward hooks by number (`_forward_hooks`)."""
    return module._forward_hooks


def forward_pre_hooks(module: nn.Module) -> MutableMapping[int, Any]:
    """A module's own hooks before its forward pass, by number (`_forward_pre_hooks`)."""
    return module._forward_pre_hooks


def buffer(module: nn.Module, name: str) -> Tensor | None:
    """A module's own buffer (`_buffers`)."""
    return module._buffers.get(name)


def is_compiled(module: nn.Module) -> bool:
    """Whether this very module was compiled, by ``torch.compile`` or by its own ``compile``.

    Without `_compiled_call_impl`: a module compiled in place looks like any other.
    """
    in_place = getattr(module, "_compiled_call_impl", None) is not None
    return in_place or COMPILED in children(module)


# --- torch.compile --------------------------------------------------------------------------------


def inline_or_skip(*functions: Any) -> None:
    """Let torch.compile trace these functions inside a caller's graph, but never by themselves.

    Where a caller is not compiled (hooks of FSDP2 break its graph), a graph of the function alone
    would take its arguments as constants of nobody's forward pass, and miss their gradients. By
    `_C._dynamo.eval_frame.set_code_exec_strategy` of torch 2.6 and later. Without it: these
    gradients are missing, and `explain_missing_kinds` tells so.
    """
    frames = _find("_C._dynamo.eval_frame", None)
    set_strategy = getattr(frames, "set_code_exec_strategy", None)
    if set_strategy is None:
        return
    skip = frames._FrameAction.SKIP
    for function in functions:
        set_strategy(function.__code__, frames._FrameExecStrategy(skip, skip))


def in_functorch_transform() -> bool:
    """Whether vmap or grad of ``torch.func`` calls, or a graph is made of what they call.

    Without `_C._functorch.peek_interpreter_stack`: always False, and torch.compile stops at a
    compiled ``torch.func.grad``.
    """
    return _find("_C._functorch.peek_interpreter_stack", lambda: None)() is not None


MAY_WRITE: Final = frozenset({"None", "tag_activation_checkpoint", "autograd.Function"})
"""What a part of a graph is made for in which an op may write to our storage."""


def part_without_writes() -> str:
    """Name of the operator whose body is traced and may not write, such as ``cond`` or ``scan``.

    "" elsewhere. Called while a graph is made; without `current_tracer` and `source_target` of
    Dynamo: always "", and torch.compile stops at a layer inside ``torch.cond``.
    """
    translator = _find("_dynamo.symbolic_convert.InstructionTranslator.current_tx", lambda: None)()
    tracer = getattr(getattr(translator, "output", None), "current_tracer", None)
    while tracer is not None:
        name = str(getattr(tracer, "source_target", None))
        if name not in MAY_WRITE:
            return name
        tracer = getattr(tracer, "parent", None)
    return ""


def mark_static(tensor: Tensor) -> None:
    """Let torch.compile's CUDA graphs write to the tensor in place instead of giving up.

    Without ``_dynamo.mark_static_address``: they give up, and the graph runs without CUDA graphs.
    """

    _find("_dynamo.mark_static_address", lambda _: None)(tensor)


def keep_in_graphs(op: Any) -> None:
    """Let no pass over a graph remove the op as dead because it gives nothing.

    Without ``fx.node.has_side_effect``: a compiler may remove it, and its gradients are missing.
    """
    _find("fx.node.has_side_effect", lambda _: None)(op)


def raise_graph_limit(by: int) -> None:
    """Let torch.compile keep this many more graphs of one function.

    The limits are called ``cache_size_limit`` before torch 2.7. Without them: nothing happens, and
    torch.compile gives up at its own limit.
    """
    import torch._dynamo

    config = torch._dynamo.config
    word = "recompile" if hasattr(config, "recompile_limit") else "cache_size"
    for name in (f"{word}_limit", f"accumulated_{word}_limit"):
        if hasattr(config, name):
            setattr(config, name, getattr(config, name) + by)


# --- torch.distributed ----------------------------------------------------------------------------


def default_store() -> Any:
    """The key-value store of the default process group (`_get_default_store`).

    There is no public way to it. Without it: None, so that each rank keeps to itself.
    """
    import torch.distributed as dist

    find: Callable[[], Any] | None = getattr(dist.distributed_c10d, "_get_default_store", None)
    return None if find is None else find()


def saved_by(node: Any, name: str) -> Any:
    """What an operation of autograd's graph keeps under a name for its backward pass.

    AttributeError where it keeps nothing so called, RuntimeError where that was written to since.
    """
    return getattr(node, f"_saved_{name}")
