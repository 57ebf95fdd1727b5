"""Which modules of a model are recorded, and under which names."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final, TypeAlias

from torch import nn

from tb_activation_hist.capture.torch_internals import WRAPPER_ATTRIBUTES, children
from tb_activation_hist.core.call_errors import class_hint, shorten
from tb_activation_hist.core.errors import LayerSelectionError, OptionError
from tb_activation_hist.core.nearest import list_names, near_names

LayerSelector: TypeAlias = (
    str
    | re.Pattern[str]
    | type[nn.Module]
    | nn.Module
    | Callable[[str, nn.Module], bool]
    | Callable[[nn.Module], bool]
)
"""Name, glob pattern, regular expression (searched), module type, module, or a predicate of
``(name, module)`` or of the module alone."""

Layers: TypeAlias = LayerSelector | Sequence[LayerSelector] | None
"""Which modules are recorded: those that any of the selectors names; None: all leaf modules."""

Models: TypeAlias = nn.Module | Mapping[str, nn.Module]
"""A model, or several by name."""

Matcher: TypeAlias = "Callable[[Layer], bool]"

PARAMETRIZATIONS: Final = "parametrizations"
"""Attribute by which torch.nn.utils.parametrize adds modules to a layer."""


WRAPPERS: Final = {
    "DataParallel": "module",
    "DistributedDataParallel": "module",
    "_FabricModule": "_forward_module",
}
"""Wrappers by class, and the attribute by which each holds the model."""

OBSERVERS: Final = {"ObserverBase", "FakeQuantizeBase", "FakeQuantizer", "FakeQuantizerBase"}
"""Classes of what quantisation-aware training (torch.ao, torchao) adds to layers, by name: the
libraries load slowly."""

LAYER_CLASSES: Final = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Embedding)
"""What inherits from one of these is a layer whatever is inside it, such as a convolution that is
fused with its normalisation for quantisation-aware training."""


@dataclass(frozen=True)
class Layer:
    """A module that is recorded: its name, position in the model, and other names it has."""

    name: str
    order: int
    module: nn.Module
    aliases: tuple[str, ...] = ()


class NamedModels(nn.Module):
    """Several models as one; it is never called, and changes none of them."""

    def __init__(self, models: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self._modules = dict(models)


def name_models(models: Models, name: str | None) -> nn.Module:
    """The model whose layers are recorded. OptionError when something else is given.

    models: a module, or modules by name. name: put before the names of all layers; None: nothing.
    """
    if isinstance(models, Mapping) and models:
        for each, model in models.items():
            if not isinstance(each, str) or not each or not isinstance(model, nn.Module):
                raise OptionError(_explain_model(models))
        models = NamedModels(models)
    if not isinstance(models, nn.Module):
        raise OptionError(_explain_model(models))
    return models if name is None else NamedModels({name: models})


def _explain_model(given: Any) -> str:
    return (
        "model must be a torch.nn.Module, or a dict of names and modules such as "
        f'{{"G": g, "D": d}}, but got {shorten(given)}.{class_hint(given)}'
    )


def unwrap(model: nn.Module) -> nn.Module:
    """The user's own model inside torch.compile, DataParallel, DDP and FSDP wrappers."""
    inner = model
    while True:
        attribute = wrapped_attribute(inner)
        if attribute is None:
            return inner
        inner = getattr(inner, attribute)


def called_models(model: nn.Module) -> list[nn.Module]:
    """The models whose forward passes a training calls: the model, or those that have names."""
    inner = unwrap(model)
    if not isinstance(inner, NamedModels):
        return [inner]
    return [each for child in inner.children() for each in called_models(child)]


def given_models(model: nn.Module) -> list[nn.Module]:
    """The model as it was given, with its wrappers, or those that have names."""
    if not isinstance(model, NamedModels):
        return [model]
    return [each for child in model.children() for each in given_models(child)]


def root_layers(model: nn.Module) -> list[tuple[nn.Module, Layer]]:
    """Each model as it was given, with its wrappers, and the layer that it is as a whole."""
    known = {layer.module: layer for layer in named_layers(model)}
    return [(given, known[unwrap(given)]) for given in given_models(model)]


def select_layers(model: nn.Module, layers: Layers = None) -> list[Layer]:
    """The layers that a selection names, in model order.

    layers: None (all leaf modules), or one or several of: name, glob pattern, compiled regular
    expression (searched), module type, module object, predicate of ``(name, module)`` or of the
    module alone. LayerSelectionError when an entry matches nothing.
    """
    known = named_layers(model)
    if layers is None:
        return [layer for layer in known if _is_leaf(layer)]
    chosen: set[int] = set()
    for entry in to_entries(layers):
        hits = _match(entry, known)
        if not hits and not _names_tensor(entry, known):
            raise LayerSelectionError(_nothing_matched(entry, known))
        chosen.update(hits)
    return [layer for layer in known if layer.order in chosen]


def _names_tensor(entry: Any, known: list[Layer]) -> bool:
    """Whether an entry with a slash may match tensors of `record`, of a module that there is."""
    if isinstance(entry, re.Pattern):
        return "/" in entry.pattern
    if not isinstance(entry, str):
        return False
    module, slash, _ = entry.partition("/")
    return bool(slash) and bool(_match(module, known))


def select_again(model: nn.Module, layers: Layers, names: Iterable[str]) -> list[Layer]:
    """`select_layers` for a model that has changed since.

    Entries that match nothing any more are passed over. names: layers recorded so far; they go on
    as long as the model has a module of that name that can be called.
    """
    known = named_layers(model)
    chosen = {each.order for each in known if layers is None and _is_leaf(each)}
    for entry in [] if layers is None else to_entries(layers):
        chosen.update(_match(entry, known))
    kept = set(names)
    chosen.update(each.order for each in known if each.name in kept and _is_callable(each.module))
    return [layer for layer in known if layer.order in chosen]


def modules_to_names(layers: Layers, selected: Iterable[Layer]) -> Layers:
    """A selection in which the name of a layer stands for each module object."""
    names = {layer.module: layer.name for layer in selected}
    if layers is None:
        return None
    return [
        names.get(unwrap(entry), entry) if isinstance(entry, nn.Module) else entry
        for entry in to_entries(layers)
    ]


def named_layers(model: nn.Module) -> list[Layer]:
    """All modules of a model under their names, recorded or not."""
    return list(_iter_layers(unwrap(model)))


def _iter_layers(root: nn.Module) -> Iterator[Layer]:
    names: dict[nn.Module, list[str]] = {}
    for name, module in _walk(root, ""):
        names.setdefault(module, []).append(name or _class_name(root))
    for order, (module, found) in enumerate(names.items()):
        short = [each.partition(".")[2] for each in found if isinstance(root, NamedModels)]
        aliases = dict.fromkeys(each for each in (*found[1:], *short) if each)
        yield Layer(found[0], order, module, tuple(aliases))


def _walk(
    module: nn.Module, name: str, above: tuple[nn.Module, ...] = ()
) -> Iterator[tuple[str, nn.Module]]:
    """Depth first, with every name of a shared module; wrappers leave no trace in names."""
    inner = unwrap(module)
    yield name, inner
    if runs_as_one(inner):
        return
    for child_name, child in children(inner).items():
        if child is not None and child not in above:
            path = f"{name}.{child_name}" if name else child_name
            yield from _walk(child, path, (*above, inner))


def _class_name(module: nn.Module) -> str:
    """The name of its class; fully_shard() puts one of its own before it: FSDP and that name."""
    own, *bases = type(module).__mro__
    sharded = len(bases) > 1 and bases[0].__name__ == "FSDPModule"
    return bases[1].__name__ if sharded else own.__name__


def runs_as_one(module: nn.Module) -> bool:
    """Whether children's hooks never run: a scripted module executes outside Python."""
    return inherits(module, {"ScriptModule"})


def inherits(module: nn.Module, names: AbstractSet[str]) -> bool:
    """Whether a class of one of these names is among the module's classes."""
    return not names.isdisjoint(base.__name__ for base in type(module).__mro__)


def wrapped_attribute(module: nn.Module) -> str | None:
    """The attribute by which a wrapper holds the model; None for what is no wrapper."""
    inside = children(module)
    for attribute in WRAPPER_ATTRIBUTES:
        if attribute in inside:
            return attribute
    attribute = WRAPPERS.get(type(module).__name__, "")
    return attribute if attribute in inside else None


def _is_leaf(layer: Layer) -> bool:
    """Whether a layer is recorded by default.

    A parametrized layer (weight_norm, spectral_norm) is one, and so is one that is trained for
    quantisation; what makes its weights, and what observes it, is not.
    """
    module = layer.module
    if PARAMETRIZATIONS in layer.name.split(".") or inherits(module, OBSERVERS):
        return False
    added = (
        child is None or name == PARAMETRIZATIONS or inherits(child, OBSERVERS)
        for name, child in children(module).items()
    )
    whole = runs_as_one(module) or isinstance(module, LAYER_CLASSES) or all(added)
    return whole and _is_callable(module)


def _is_callable(module: nn.Module) -> bool:
    """Whether the module has a forward pass; containers such as ModuleList have none."""
    return getattr(type(module), "forward", None) is not nn.Module.forward


def to_entries(layers: Any) -> list[Any]:
    """The entries of a selection; LayerSelectionError for what is none."""
    if isinstance(layers, (str, re.Pattern, type, nn.Module)) or callable(layers):
        return [layers]
    if isinstance(layers, Iterable) and (entries := list(layers)):
        return entries
    msg = (
        f"layers must be None, a name, glob pattern, re.compile(...), module type, module, "
        f"predicate, or a list of these, but got {layers!r}."
    )
    raise LayerSelectionError(msg)


def _match(entry: Any, known: list[Layer]) -> list[int]:
    """Orders of the layers that one entry selects."""
    if isinstance(entry, str):
        exact = [layer.order for layer in known if entry in (layer.name, *layer.aliases)]
        return exact or _matching(known, lambda layer: _any_name(layer, entry))
    return _matching(known, _entry_to_matcher(entry))


def match_layers(entry: LayerSelector, known: Sequence[Layer]) -> list[Layer]:
    """The layers among `known` that one entry selects, in their order."""
    orders = set(_match(entry, list(known)))
    return [layer for layer in known if layer.order in orders]


def _matching(known: list[Layer], matches: Matcher) -> list[int]:
    return [layer.order for layer in known if matches(layer)]


def _any_name(layer: Layer, pattern: str) -> bool:
    return any(fnmatchcase(name, pattern) for name in (layer.name, *layer.aliases))


def _entry_to_matcher(entry: Any) -> Matcher:
    if isinstance(entry, re.Pattern):
        return lambda layer: any(entry.search(name) for name in (layer.name, *layer.aliases))
    if isinstance(entry, type):
        return lambda layer: isinstance(layer.module, entry)
    if isinstance(entry, nn.Module):
        wanted = unwrap(entry)
        return lambda layer: layer.module is wanted
    if callable(entry):
        if _takes_two(entry):
            return lambda layer: bool(entry(layer.name, layer.module))
        return lambda layer: bool(entry(layer.module))
    msg = (
        f"An entry of layers must be a name, glob pattern, re.compile(...), module type, module "
        f"or predicate, but got {entry!r}."
    )
    raise LayerSelectionError(msg)


def _takes_two(predicate: Callable[..., Any]) -> bool:
    try:
        inspect.signature(predicate).bind("name", None)
    except (TypeError, ValueError):
        return False
    return True


def _nothing_matched(entry: Any, known: list[Layer]) -> str:
    pattern = entry.pattern if isinstance(entry, re.Pattern) else entry
    near = near_names(pattern, [layer.name for layer in known]) if isinstance(pattern, str) else []
    leaves = [layer.name for layer in known if _is_leaf(layer)]
    hint = f"Nearest names: {list_names(near)}." if near else f"Its layers: {list_names(leaves)}."
    return f"layers: {pattern!r} matches no module of the model. {hint}"
