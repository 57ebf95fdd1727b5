"""Writes tests/golden/public_api.txt: every public name, its members and their signatures.

Run it as ``python -m tools.public_api`` after a change of the public face that is meant, and put
what changed into the change log.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple, get_args, is_typeddict

import tb_activation_hist

PACKAGE: Final = tb_activation_hist.__name__
LISTING: Final = Path(__file__).resolve().parent.parent / "tests" / "golden" / "public_api.txt"
CALLBACK_MODULES: Final = ("fastai", "lightning", "transformers")

MADE_BY_US: Final = {"LogdirHistograms", "Probe", "RunHistograms", "StepWatcher"}
"""Classes that users are given and do not make: their constructors are not public."""

USED_MEMBERS: Final = {
    "MemoryWriter": {"close", "flush", "histograms", "infos"},
    "RunWriter": {"close", "flush", "logdir"},
}
"""Classes of which users call little: the other members are the logger's way of writing."""


class Member(NamedTuple):
    """One line of the listing, and the annotations in it with the module they stand in."""

    text: str
    annotations: tuple[str, ...]
    module: str


class Plain(str):
    """An annotation that is written without quotes."""

    __slots__ = ()
    __repr__ = str.__str__


def public_members() -> Iterator[Member]:
    """The public face line by line: the package's names, then the callbacks of the modules."""
    for name in tb_activation_hist.__all__:
        yield from _members(name, getattr(tb_activation_hist, name))
    for library in CALLBACK_MODULES:
        module = import_module(f"{PACKAGE}.{library}")
        for name in module.__all__:
            yield from _members(f"{library}.{name}", getattr(module, name))


def _members(name: str, value: Any) -> Iterator[Member]:
    if inspect.isclass(value):
        yield from _class_members(name, value)
    elif inspect.isfunction(value):
        yield _function(name, value)
    else:
        yield _alias(name)


def _alias(name: str) -> Member:
    """A type alias as it is written: its value looks different in each version of Python."""
    home = f"{PACKAGE}.{tb_activation_hist._HOMES[name]}"
    for node in ast.parse(inspect.getsource(import_module(home))).body:
        if isinstance(node, ast.AnnAssign) and node.value and ast.unparse(node.target) == name:
            text = ast.unparse(node.value)
            return Member(f"{name} = {text}", (text,), home)
    raise LookupError(f"{home} does not define {name}")


def _class_members(name: str, cls: type) -> Iterator[Member]:
    bases = [base.__name__ for base in cls.__bases__ if _is_known(base)]
    yield Member(f"class {name}({', '.join(bases)})", (), cls.__module__)
    yield from _field_members(name, cls)
    constructor = inspect.getattr_static(cls, "__init__")
    if name not in MADE_BY_US and not _is_record(cls) and _is_ours(constructor):
        yield _function(f"{name}.__init__", constructor)
    for member in sorted(dir(cls)):
        if _is_public(name, member) and member not in _field_names(cls):
            home = next(base for base in cls.__mro__ if member in vars(base))
            if not _is_hook(cls, home):
                yield from _attribute(f"{name}.{member}", vars(home)[member])


def _is_known(base: type) -> bool:
    public = base.__name__ in tb_activation_hist.__all__
    return base is not object and (public or not _is_ours(base))


def _is_record(cls: type) -> bool:
    return is_dataclass(cls) or is_typeddict(cls) or hasattr(cls, "_fields")


def _is_public(name: str, member: str) -> bool:
    return not member.startswith("_") and member in USED_MEMBERS.get(name, {member})


def _is_hook(cls: type, home: type) -> bool:
    """Another library's member, or what a callback overrides for its library."""
    is_callback = cls.__name__ == "ActivationHistCallback"
    return not _is_ours(home) or (is_callback and home is cls)


def _is_ours(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).startswith(PACKAGE)


def _field_names(cls: type) -> set[str]:
    return {each for base in cls.__mro__ for each in vars(base).get("__annotations__", {})}


def _field_members(name: str, cls: type) -> Iterator[Member]:
    """Fields of a dataclass, a NamedTuple or a TypedDict, those of its bases first."""
    if not _is_record(cls):
        return
    defaults = {each.name: _default(each) for each in fields(cls)} if is_dataclass(cls) else {}
    annotations: dict[str, Any] = inspect.get_annotations(cls)
    if is_dataclass(cls):
        annotations = {each.name: each.type for each in fields(cls)}
    for field, given in annotations.items():
        text = getattr(given, "__forward_arg__", given)
        yield Member(f"{name}.{field}: {text}{defaults.get(field, '')}", (text,), cls.__module__)


def _default(field: Field[Any]) -> str:
    return "" if field.default is MISSING else f" = {field.default!r}"


def _attribute(name: str, value: Any) -> Iterator[Member]:
    if isinstance(value, property) and value.fget is not None:
        yield _property(name, value.fget)
    elif isinstance(value, cached_property):
        yield _property(name, value.func)
    elif inspect.isfunction(value):
        yield _function(name, value)


def _property(name: str, getter: Callable[..., Any]) -> Member:
    kind = inspect.signature(getter).return_annotation
    return Member(f"{name}: {kind}", (kind,), getter.__module__)


def _function(name: str, function: Callable[..., Any]) -> Member:
    signature = inspect.signature(function)
    parameters = [_unquoted(each) for each in signature.parameters.values()]
    kinds = [each.annotation for each in parameters if each.annotation is not each.empty]
    returned = signature.return_annotation
    if returned is not signature.empty:
        kinds.append(returned)
        returned = Plain(returned)
    plain = signature.replace(parameters=parameters, return_annotation=returned)
    return Member(f"{name}{plain}", tuple(kinds), function.__module__)


def _unquoted(parameter: inspect.Parameter) -> inspect.Parameter:
    given = parameter.annotation
    return parameter.replace(annotation=Plain(given)) if isinstance(given, str) else parameter


def types_of(member: Member) -> Iterator[type]:
    """This package's classes that a member's annotations name, also through an alias."""
    names = _namespace(member.module)
    for annotation in member.annotations:
        for node in ast.walk(ast.parse(annotation, mode="eval")):
            if isinstance(node, ast.Name):
                yield from _own_classes(names.get(node.id))


def _own_classes(value: Any) -> Iterator[type]:
    if inspect.isclass(value) and _is_ours(value):
        yield value
    for argument in get_args(value):
        for each in argument if isinstance(argument, list) else [argument]:
            yield from _own_classes(each)


def _namespace(name: str) -> dict[str, Any]:
    """A module's names with those that it imports for type checkers alone."""
    module = sys.modules[name]
    found = dict(vars(module))
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module != "__future__":
            found |= _imported(import_module(node.module), node)
    return found


def _imported(module: ModuleType, node: ast.ImportFrom) -> dict[str, Any]:
    return {each.asname or each.name: getattr(module, each.name, None) for each in node.names}


def listing() -> str:
    """The text of the file."""
    return "".join(f"{member.text}\n" for member in public_members())


if __name__ == "__main__":
    LISTING.write_text(listing(), encoding="utf-8")
