"""``optimizer=``: every wrapper works, or is refused with the way out."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import nn

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.writer import MemoryWriter


class Holds:
    """A wrapper that is no Optimizer and passes its step on."""

    def __init__(self, inner, attribute="optimizer"):
        setattr(self, attribute, inner)
        self.inner = inner

    def step(self):
        self.inner.step()


class Inherits(torch.optim.Optimizer):
    """Like AcceleratedOptimizer, and many a Lookahead: an Optimizer that never called __init__."""

    def __init__(self, inner):
        self.optimizer = inner

    def step(self, closure=None):
        self.optimizer.step(closure)


class Initialises(torch.optim.Optimizer):
    """A wrapper with hooks of its own."""

    def __init__(self, inner):
        super().__init__(inner.param_groups, {})
        self.base_optimizer = inner

    def step(self, closure=None):
        self.base_optimizer.step(closure)


class Delegates:
    """Like Lightning's: what it lacks is asked of the optimizer."""

    def __init__(self, inner):
        self._optimizer = inner

    def __getattr__(self, name):
        return getattr(self._optimizer, name)


class Itself:
    @property
    def optimizer(self):
        return self


class Fails:
    @property
    def optimizer(self):
        raise RuntimeError


def accelerate(optimizer):
    from accelerate import Accelerator

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Accelerator(cpu=True).prepare(optimizer)


def fabric(optimizer):
    from lightning.fabric.strategies import SingleDeviceStrategy
    from lightning.fabric.wrappers import _FabricOptimizer

    return _FabricOptimizer(optimizer, SingleDeviceStrategy(torch.device("cpu")))


WRAPPERS = {
    "no wrapper": lambda inner: inner,
    "a list": lambda inner: [torch.optim.SGD([nn.Parameter(torch.ones(1))]), inner],
    "optimizer": Holds,
    "_optimizer": lambda inner: Holds(inner, "_optimizer"),
    "opt": lambda inner: Holds(inner, "opt"),
    "base, as schedule-free": lambda inner: Holds(inner, "base"),
    "an Optimizer without __init__": Inherits,
    "an Optimizer with __init__": Initialises,
    "delegation": Delegates,
    "two layers": lambda inner: Holds(Inherits(inner)),
    "SWALR": lambda inner: Holds(torch.optim.swa_utils.SWALR(inner, swa_lr=0.1).optimizer),
    "Accelerate": accelerate,
    "Fabric": fabric,
}


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_a_wrapper_ends_each_step_once(wrap):
    model, writer = nn.Linear(2, 2), MemoryWriter()
    wrapper = wrap(torch.optim.SGD(model.parameters(), lr=0.1))
    with ActivationHistLogger(model, writer, optimizer=wrapper) as hist:
        for _ in range(3):
            model(torch.ones(5, 2)).sum().backward()
            (wrapper[-1] if isinstance(wrapper, list) else wrapper).step()
        assert hist.steps == 3
    assert writer.histograms["Linear"].n.tolist() == [10, 10, 10]


def zero():
    """Like DeepSpeed's ZeRO, which steps each parameter group by itself."""
    model = nn.Linear(2, 2)
    optimizer = type("DeepSpeedZeroOptimizer", (Holds,), {"__module__": "deepspeed.runtime.zero"})
    return Holds(optimizer(torch.optim.SGD(model.parameters())))


REFUSED = {
    "a name": "adam",
    "an empty list": [],
    "a class": torch.optim.SGD,
    "a module": nn.Linear(1, 1),
    "an averaged model": torch.optim.swa_utils.AveragedModel(nn.Linear(1, 1)),
    "an object": object(),
    "one that holds itself": Itself(),
    "one whose property fails": Fails(),
    "one that holds a class": Holds(torch.optim.SGD),
    "ZeRO": zero(),
}


@pytest.mark.parametrize("given", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_watched_is_refused_with_the_way_out(given):
    with pytest.raises(OptionError, match=r"(?s)optimizer must be .* call the logger's step\(\)"):
        ActivationHistLogger(nn.Linear(1, 1), MemoryWriter(), optimizer=given)
