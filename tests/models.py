"""The zoo: small models that are awkward to record, and an independent way to see their outputs.

`ZOO` maps a name to a function that makes (model, input). `Tap` keeps copies of all floating
outputs of a model's leaf modules, by rules of its own: what the logger must have counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence
from torch.utils.checkpoint import checkpoint

from tb_activation_hist.core.histogram import HistogramSeries
from tests.series import values_to_series


class Pair(NamedTuple):
    hidden: Tensor
    cell: Tensor


@dataclass
class Output:
    hidden: Tensor
    ids: Tensor
    extra: tuple[Tensor, ...] = ()


class ModelOutput(dict):
    """Like Hugging Face's: a mapping that is no plain dict."""


class Returns(nn.Module):
    """A leaf that returns its input in some container."""

    def __init__(self, make: Callable[[Tensor], Any], take: Callable[[Any], Tensor]) -> None:
        super().__init__()
        self.make, self.take = make, take

    def forward(self, x: Tensor) -> Any:
        return self.make(x)


class Containers(nn.Module):
    """Leaves that return everything but bare tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.pair = Returns(lambda x: (x + 1, x.long()), lambda o: o[0])
        self.single = Returns(lambda x: (x * 2,), lambda o: o[0])
        self.nested = Returns(lambda x: [x, [x - 1, None, "text"]], lambda o: o[1][0])
        self.mapping = Returns(lambda x: {"hidden": x, "mask": x > 0}, lambda o: o["hidden"])
        self.named = Returns(lambda x: Pair(x, -x), lambda o: o.cell)
        self.typed = Returns(lambda x: Output(x, x.int(), (x, x)), lambda o: o.hidden)
        self.hugging = Returns(lambda x: ModelOutput(logits=x, n=3), lambda o: o["logits"])
        self.complex = Returns(lambda x: torch.complex(x, x), lambda o: o.real)
        self.nothing = Returns(lambda x: None, lambda o: torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.linear(x)
        for leaf in list(self.children())[1:-1]:
            x = leaf.take(leaf(x))
        self.nothing(x)
        return x


class Shared(nn.Module):
    """One module called three times, under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.act = nn.ReLU()
        self.again = self.first

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.again(self.act(self.first(self.act(x)))))


class Recursive(nn.Module):
    """A module whose forward calls itself."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor, depth: int = 3) -> Tensor:
        return x if depth == 0 else self(torch.tanh(self.linear(x)), depth - 1)


class Branches(nn.Module):
    """The second branch is taken for positive sums only."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.right(x) if float(x.sum()) > 0 else self.left(x)


class Recurrent(nn.Module):
    """Tuples in tuples, and a packed sequence."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(10, 4)
        self.lstm = nn.LSTM(4, 3, batch_first=True)
        self.gru = nn.GRU(3, 2, batch_first=True)

    def forward(self, ids: Tensor) -> Tensor:
        lengths = torch.tensor([5, 3, 2])
        packed = pack_padded_sequence(self.embedding(ids), lengths, batch_first=True)
        out, _ = self.lstm(packed)
        return self.gru(out)[1]


class Attention(nn.Module):
    """``attn.out_proj`` is used without being called."""

    def __init__(self) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(4, 2, batch_first=True)
        self.norm = nn.LayerNorm(4)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.attn(x, x, x)[0])


class Checkpointed(nn.Module):
    """Recomputes its body in the backward pass; ``reentrant=None`` does not."""

    def __init__(self, reentrant: bool | None) -> None:
        super().__init__()
        self.reentrant = reentrant
        self.stem = nn.Linear(4, 4)
        self.body = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        if self.reentrant is None:
            return self.body(x)
        return checkpoint(self.body, x, use_reentrant=self.reentrant)


class GrowsLate(nn.Module):
    """Makes a module in its first forward pass, and has a lazy one."""

    def __init__(self) -> None:
        super().__init__()
        self.lazy = nn.LazyLinear(3)

    def forward(self, x: Tensor) -> Tensor:
        if not hasattr(self, "late"):
            self.late = nn.Linear(3, 2)
        return self.late(self.lazy(x))


class Cyclic(nn.Module):
    """A child that knows its parent."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.linear.parent = self

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x)


class HalfWay(nn.Module):
    """Outputs in four floating types and one integer type."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        types = (torch.float16, torch.bfloat16, torch.float64, torch.int32)
        self.casts = nn.ModuleList(Returns(_to(dtype), lambda o: o.float()) for dtype in types)

    def forward(self, x: Tensor) -> Tensor:
        x = self.linear(x)
        return sum((cast.take(cast(x)) for cast in self.casts), x)


def _to(dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
    return lambda x: x.to(dtype)


class Mixed(nn.Module):
    """Runs its body in bfloat16, as under AMP."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.LayerNorm(8), nn.Linear(8, 2))

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return self.body(x)


def _in_place() -> nn.Module:
    return nn.Sequential(
        nn.Linear(4, 8), nn.ReLU(inplace=True), nn.Linear(8, 8), nn.Hardtanh(inplace=True),
        nn.Dropout(0.5, inplace=True), nn.Identity(),
    )  # fmt: skip


def _broken() -> nn.Module:
    """NaN, both infinities, denormals and zeros."""
    odd = torch.tensor([float("nan"), float("inf"), -float("inf"), 1e-40, 0.0, -0.0, 1e38, -3.0])
    return nn.Sequential(Returns(lambda x: odd.clone(), lambda o: o), nn.Identity())


def _scripted() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 4), torch.jit.script(nn.Sequential(nn.Linear(4, 3))))


ZOO: Mapping[str, Callable[[], tuple[nn.Module, Tensor]]] = {
    "containers": lambda: (Containers(), torch.randn(3, 4)),
    "shared": lambda: (Shared(), torch.randn(3, 4)),
    "recursive": lambda: (Recursive(), torch.randn(3, 4)),
    "branches": lambda: (Branches(), torch.ones(3, 4)),
    "recurrent": lambda: (Recurrent(), torch.randint(0, 10, (3, 5))),
    "attention": lambda: (Attention(), torch.randn(2, 5, 4)),
    "grows late": lambda: (GrowsLate(), torch.randn(3, 4)),
    "half way": lambda: (HalfWay(), torch.randn(3, 4)),
    "mixed": lambda: (Mixed(), torch.randn(3, 4)),
    "in place": lambda: (_in_place(), torch.randn(3, 4)),
    "broken": lambda: (_broken(), torch.randn(3, 4)),
    "scripted": lambda: (_scripted(), torch.randn(3, 4)),
    "empty batch": lambda: (nn.Sequential(nn.Linear(4, 2), nn.ReLU()), torch.zeros(0, 4)),
    "single leaf": lambda: (nn.Linear(4, 2), torch.randn(3, 4)),
    "channels last": lambda: (
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()).to(memory_format=torch.channels_last),
        torch.randn(2, 3, 8, 8).contiguous(memory_format=torch.channels_last),
    ),
}


class Tap:
    """Copies of the floating outputs of leaf modules in training mode, per layer key."""

    def __init__(self, model: nn.Module) -> None:
        self.values: dict[str, list[np.ndarray]] = defaultdict(list)
        for name, module in model.named_modules():
            if isinstance(module, torch.jit.ScriptModule):
                if "." in name:
                    continue
            elif len(list(module.children())):
                continue
            keep = self._make(name or type(module).__name__)
            nn.Module.register_forward_hook(module, keep)  # scripted modules hide the method

    def _make(self, name: str) -> Callable[..., None]:
        def keep(module: nn.Module, args: Any, output: Any) -> None:
            if module.training:
                for key, tensor in outputs_of(output, name):
                    self.values[key].append(tensor_to_values(tensor))

        return keep

    def take(self) -> dict[str, np.ndarray]:
        """All values of each layer since the last call, one array each."""
        taken = {key: np.concatenate(parts) for key, parts in self.values.items()}
        self.values.clear()
        return taken


def outputs_of(value: Any, name: str) -> list[tuple[str, Tensor]]:
    """Keys and floating tensors of an output, written apart from the package's own walk."""
    if isinstance(value, Tensor):
        return [(name, value)] if value.dtype.is_floating_point else []
    if isinstance(value, PackedSequence):
        return [(name, value.data)]
    if isinstance(value, Mapping):
        pairs = list(value.items())
    elif hasattr(value, "_asdict"):
        pairs = list(value._asdict().items())
    elif is_dataclass(value):
        pairs = [(f.name, getattr(value, f.name)) for f in fields(value)]
    elif isinstance(value, (tuple, list)):
        pairs = list(enumerate(value))
    else:
        pairs = []
    return [found for key, part in pairs for found in outputs_of(part, f"{name}/{key}")]


def tensor_to_values(tensor: Tensor) -> np.ndarray:
    """A flat copy in float32 or float64, exact for every narrower type."""
    wide = tensor.detach().cpu()
    wide = wide if wide.dtype == torch.float64 else wide.float()
    return wide.numpy().ravel().copy()


def assert_counted(series: HistogramSeries, records: list[np.ndarray]) -> None:
    """The series holds exactly these records: bins, counts, tallies, range; sums nearly."""
    expected = values_to_series(records, steps=list(series.steps), scheme=series.scheme)
    for name in ("n", "zeros", "nans", "pos_infs", "neg_infs", "min", "max"):
        np.testing.assert_array_equal(getattr(series, name), getattr(expected, name), err_msg=name)
    np.testing.assert_array_equal(series.bins, expected.bins)
    np.testing.assert_array_equal(series.bin_counts, expected.bin_counts)
    np.testing.assert_allclose(series.mean, expected.mean, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(series.std, expected.std, rtol=1e-6, atol=1e-9)
