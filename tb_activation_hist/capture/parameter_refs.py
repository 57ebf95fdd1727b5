"""Where a layer's parameters are, and under which names they are recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from tb_activation_hist.capture.select import (
    PARAMETRIZATIONS,
    Layer,
    inherits,
    named_layers,
    wrapped_attribute,
)
from tb_activation_hist.capture.torch_internals import buffer, parameters

WEIGHT_NORM_PARTS: Final = {"original0": "_g", "original1": "_v"}
"""What the two parts of a normalised weight are called in its formula, and by the older
``torch.nn.utils.weight_norm``."""


@dataclass(frozen=True)
class ParameterRef:
    """A parameter by module and attribute: the parameter itself may be replaced (lazy, FSDP)."""

    name: str
    order: int
    module: nn.Module
    attribute: str
    mask: str = ""

    @property
    def parameter(self) -> nn.Parameter | None:
        """The parameter as it is now; None before a lazy module has seen its first input."""
        found = getattr(self.module, self.attribute, None)
        return None if found is None or is_lazy(found) else found

    def weights(self, parameter: Tensor) -> Tensor:
        """The values that the layer computes with: those that pruning took away are 0."""
        mask = buffer(self.module, self.mask)
        return parameter if mask is None else parameter * mask


def layers_to_refs(layers: Iterable[Layer]) -> Iterator[ParameterRef]:
    """Each parameter once, as the first layer that has it; a stage brings all modules below it.

    A layer without a name is a whole model, whose parameters have the places of their modules.
    """
    seen: set[tuple[int, str]] = set()
    for layer in layers:
        inside = () if layer.name else named_layers(layer.module)
        orders = {each.module: each.order for each in inside}
        for path, module in _walk_plainly(layer.module, layer.name):
            for attribute in tuple(parameters(module).keys()):
                if (id(module), attribute) in seen:
                    continue
                seen.add((id(module), attribute))
                name = _plain_name(path, module, attribute)
                mask = f"{name.rpartition('.')[2]}_mask"
                order = orders.get(module, layer.order)
                yield ParameterRef(name, order, module, attribute, mask)


def parameter_names(layer: Layer) -> frozenset[str]:
    """Names of a layer's parameters as its modules have them."""
    return frozenset(name for name, _ in layer.module.named_parameters())


def _walk_plainly(root: nn.Module, name: str) -> Iterator[tuple[str, nn.Module]]:
    """All modules at and below the root, without the parts of names that wrap a layer.

    ``head.parametrizations.weight`` is ``head.weight``, and the layer that an adapter of PEFT
    wraps, ``query.base_layer``, is ``query``.
    """
    known = {"": (name, root)}
    for path, module in root.named_modules():
        if path:
            above, _, last = path.rpartition(".")
            outer, parent = known[above]
            known[path] = (
                outer if _is_wrapped(parent, last) else f"{outer}.{last}".lstrip("."),
                module,
            )
        yield known[path]


def _is_wrapped(parent: nn.Module, name: str) -> bool:
    adapted = name == "base_layer" and inherits(parent, {"BaseTunerLayer"})
    return adapted or name in (PARAMETRIZATIONS, wrapped_attribute(parent))


def _plain_name(path: str, module: nn.Module, attribute: str) -> str:
    """The name that a parameter had before it was pruned, normalised or parametrized."""
    if not inherits(module, {"ParametrizationList"}):
        name = attribute.removesuffix("_orig")
        replaced = isinstance(getattr(module, name, None), Tensor)
        return f"{path}.{name if replaced else attribute}".lstrip(".")
    if attribute == "original":
        return path
    normalises = any(inherits(each, {"_WeightNorm"}) for each in module.children())
    return f"{path}{WEIGHT_NORM_PARTS[attribute]}" if normalises else f"{path}.{attribute}"
