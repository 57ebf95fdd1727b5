"""``optimizer=``: every wrapper works, or is refused with the way out."""

from __future__ import annotations

import contextlib
import warnings

import pytest
import torch
from torch import nn

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.recording.step_numbers import ENDED_TWICE
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.unit.scripts.witness import Witness, assert_recorded


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


KINDS = ("activations", "weights", "weight_gradients", "updates")


@pytest.mark.parametrize("ends", ["step()", "optimizer=", "optimizer=inner"])
@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_a_wrapper_ends_each_step_once_and_each_kind_counts_once(wrap, ends):
    model, writer = nn.Linear(2, 2), MemoryWriter()
    inner = torch.optim.SGD(model.parameters(), lr=0.1)
    witness = Witness({"Linear": model}, KINDS, [inner])
    wrapper = wrap(inner)
    given = {"optimizer=": wrapper, "optimizer=inner": inner}.get(ends)
    options = {"kinds": KINDS, "optimizer": given, "on_error": "raise"}
    with ActivationHistLogger(model, writer, **options) as hist:
        for _ in range(3):
            model(torch.randn(5, 2)).square().sum().backward()
            (wrapper[-1] if isinstance(wrapper, list) else wrapper).step()
            witness.end_step()
            if given is None:
                hist.step()
        assert hist.steps == 3
    assert_recorded(writer.histograms, witness.seen)


class Slow(torch.optim.Optimizer):
    """Like Lookahead: after the inner optimizer's step it goes half of the way back."""

    def __init__(self, inner):
        super().__init__(inner.param_groups, {})
        self.optimizer = inner

    @torch.no_grad()
    def step(self, closure=None):
        before = [p.clone() for group in self.param_groups for p in group["params"]]
        self.optimizer.step(closure)
        for group in self.param_groups:
            for p, old in zip(group["params"], before, strict=True):
                p.lerp_(old, 0.5)


class Sharpness(torch.optim.Optimizer):
    """Like SAM: the closure runs at a neighbouring point, and the inner optimizer steps."""

    def __init__(self, inner):
        super().__init__(inner.param_groups, {})
        self.base_optimizer = inner

    def step(self, closure=None):
        parameters = [p for group in self.param_groups for p in group["params"]]
        with torch.no_grad():
            for p in parameters:
                p.add_(0.01)
        with torch.enable_grad():
            closure()
        with torch.no_grad():
            for p in parameters:
                p.sub_(0.01)
        self.base_optimizer.step()


@pytest.mark.parametrize("ends", ["step()", "optimizer="])
@pytest.mark.parametrize("wrap", [Slow, Sharpness])
def test_the_update_of_an_outer_optimizer_is_that_of_its_whole_step(wrap, ends):
    model, writer = nn.Linear(2, 2), MemoryWriter()
    wrapper = wrap(torch.optim.SGD(model.parameters(), lr=0.1))
    witness = Witness({"Linear": model}, KINDS, [wrapper])
    given = wrapper if ends == "optimizer=" else None
    options = {"kinds": KINDS, "optimizer": given, "on_error": "raise"}

    def closure():
        wrapper.zero_grad()
        model(torch.ones(5, 2)).square().sum().backward()

    with ActivationHistLogger(model, writer, **options) as hist:
        for _ in range(3):
            closure()
            if wrap is Sharpness:
                witness.kinds.discard("weight_gradients")
            wrapper.step(*([closure] if wrap is Sharpness else []))
            if wrap is Sharpness:
                for name, parameter in model.named_parameters():
                    witness.keep(f"weight_gradients/Linear.{name}", parameter.grad)
            witness.end_step()
            if given is None:
                hist.step()
        assert hist.steps == 3
    assert_recorded(writer.histograms, witness.seen)


class Afterwards(Holds):
    """Like a schedule-free wrapper: moves the weights after the optimizer's step."""

    def step(self):
        super().step()
        with torch.no_grad():
            for group in self.inner.param_groups:
                for p in group["params"]:
                    p.mul_(0.5)


class Frozen(Afterwards):
    """Takes no attribute."""

    def __setattr__(self, name, value):
        if name == "step":
            raise AttributeError(name)
        super().__setattr__(name, value)


@pytest.mark.parametrize("direct", [False, True])
def test_a_step_ends_with_the_wrappers_own_work(direct):
    model, writer = nn.Linear(2, 2), MemoryWriter()
    wrapper = Afterwards(torch.optim.SGD(model.parameters(), lr=0.1))
    options = {"kinds": ("activations", "weights"), "optimizer": wrapper, "on_error": "raise"}
    means = []
    with ActivationHistLogger(model, writer, **options) as hist:
        scheduler = torch.optim.lr_scheduler.StepLR(wrapper.inner, 1)
        for _ in range(3):
            model(torch.ones(5, 2)).sum().backward()
            (wrapper.inner if direct else wrapper).step()
            scheduler.step()
            means.append(model.weight.detach().double().mean().item())
        assert hist.steps == 3
    assert writer.histograms["weights/Linear.weight"].mean.tolist() == pytest.approx(means)
    assert writer.histograms["Linear"].n.tolist() == [10, 10, 10]
    assert "step" not in vars(wrapper)


def test_schedulers_take_a_wrapper_whose_step_is_watched():
    model = nn.Linear(2, 2)
    wrapper = Inherits(torch.optim.SGD(model.parameters(), lr=0.1))
    wrapper.param_groups, wrapper.defaults = wrapper.optimizer.param_groups, {}
    hist = ActivationHistLogger(model, MemoryWriter(), optimizer=wrapper)
    scheduler = torch.optim.lr_scheduler.StepLR(wrapper, 1, gamma=0.5)
    for _ in range(2):
        model(torch.ones(5, 2)).sum().backward()
        wrapper.step()
        scheduler.step()
    assert hist.steps == 2
    hist.close()
    wrapper.step()
    assert wrapper.param_groups[0]["lr"] == 0.025


def test_a_wrapper_that_takes_no_attribute_ends_with_its_optimizer():
    model = nn.Linear(2, 2)
    wrapper = Frozen(torch.optim.SGD(model.parameters(), lr=0.1))
    with ActivationHistLogger(model, MemoryWriter(), optimizer=wrapper) as hist:
        model(torch.ones(5, 2)).sum().backward()
        wrapper.step()
        assert hist.steps == 1


def test_an_optimizer_made_of_others_counts_every_parameter_once():
    class Both(torch.optim.Optimizer):
        def __init__(self, parts):
            super().__init__([nn.Parameter(torch.ones(1))], {})
            self.parts = parts

        def step(self, closure=None):
            for part in self.parts:
                part.step(closure)

    model, writer = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), MemoryWriter()
    parts = [torch.optim.SGD(layer.parameters(), lr=0.1) for layer in model]
    witness = Witness(model, KINDS, parts)
    wrapper = Both(parts)
    with ActivationHistLogger(model, writer, kinds=KINDS, optimizer=wrapper) as hist:
        for _ in range(3):
            model(torch.randn(5, 2)).square().sum().backward()
            wrapper.step()
            witness.end_step()
        assert hist.steps == 3
    assert_recorded(writer.histograms, witness.seen)


def test_a_step_that_raised_is_not_counted_with_the_next():
    class Fails(torch.optim.SGD):
        @torch.no_grad()
        def step(self, closure=None):
            if self.fails:
                raise ValueError
            super().step(closure)

    model, writer = nn.Linear(2, 2), MemoryWriter()
    optimizer = Fails(model.parameters(), lr=0.1)
    witness = Witness({"Linear": model}, ("updates",), [optimizer])
    with ActivationHistLogger(model, writer, kinds="updates", on_error="raise") as hist:
        for fails in (False, True, False):
            optimizer.fails = fails
            model(torch.randn(5, 2)).square().sum().backward()
            with contextlib.suppress(ValueError):
                optimizer.step()
            witness.end_step()
            hist.step()
    assert writer.histograms["updates/Linear.weight"].n.tolist() == [4, 4, 4]
    assert writer.histograms["updates/Linear.weight"].zeros.tolist() == [0, 4, 0]


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


def test_a_step_that_the_optimizer_has_ended_warns_once(recwarn):
    model, writer = nn.Linear(4, 2), MemoryWriter()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with ActivationHistLogger(model, writer, optimizer=optimizer) as hist:
        for _ in range(3):
            model(torch.randn(8, 4)).sum().backward()
            optimizer.step()
            optimizer.zero_grad()
            hist.step()
    assert [text for each in recwarn if "had ended this step" in (text := str(each.message))] == [
        ENDED_TWICE
    ]
