"""Which layer of one run is which of another: by a mapping, by name, by common prefixes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from tb_activation_hist.core.errors import OptionError

WRAPPERS: Final = frozenset({"_orig_mod", "_forward_module", "_fsdp_wrapped_module"})
"""Parts of names that wrappers put anywhere into a path; they name no layer."""

PREFIXES: Final = ("module", "model", "transformer", "net", "backbone")
"""Names under which a model often lies in another."""

PREFIX_SHARE: Final = 0.9
"""Share of a run's layers from which on any part that they have in front is taken for a prefix."""

IGNORED: Final = "-"
"""Target of a mapping for layers that are not compared."""

LayerNames: TypeAlias = Mapping["str | re.Pattern[str]", str]
"""Name of a layer in the first run -> its name in the second.

The first may be a glob pattern, whose ``*`` and ``?`` stand for those of the second in turn, or a
compiled regular expression, which must match the whole name and whose groups the second names as
``\\1`` or ``\\g<name>``. The second is ``-`` for layers that are not to be compared.
"""


@dataclass(frozen=True)
class NameRule:
    """One entry of a mapping. source: as the user wrote it."""

    source: str
    pattern: re.Pattern[str]
    target: str

    def rename(self, name: str) -> str | None:
        """The name in the second run; None if the rule does not match."""
        match = self.pattern.fullmatch(name)
        if match is None:
            return None
        return self.target if self.target == IGNORED else match.expand(self.target)


def names_to_rules(names: LayerNames | Any) -> list[NameRule]:
    """A mapping as rules, in its order. OptionError for one that cannot be read."""
    if not isinstance(names, Mapping):
        msg = f"names must map layer names to layer names, but got {names!r:.100}."
        raise OptionError(msg)
    return [_make_rule(pattern, target) for pattern, target in names.items()]


def _make_rule(pattern: object, target: object) -> NameRule:
    if not isinstance(pattern, str | re.Pattern) or not isinstance(target, str) or not target:
        msg = f"names must map layer names to layer names, but got {pattern!r}: {target!r}."
        raise OptionError(msg)
    if isinstance(pattern, re.Pattern):
        rule = NameRule(pattern.pattern, pattern, target)
    else:
        rule = NameRule(pattern, re.compile(_glob_to_regex(pattern)), target)
        if target != IGNORED:
            rule = NameRule(pattern, rule.pattern, _glob_to_template(pattern, target))
    return _checked(rule, target)


def _checked(rule: NameRule, given: str) -> NameRule:
    """The rule, tried out; OptionError where its target asks for groups that are not there."""
    try:
        rule.pattern.sub(rule.target, "")
    except (re.error, IndexError) as err:
        msg = f"names: {given!r} does not fit {rule.source!r}: {err}."
        raise OptionError(msg) from err
    return rule


_WILD: Final = re.compile(r"\*+|\?")


def _glob_to_regex(pattern: str) -> str:
    """A glob whose every wildcard is a group."""
    parts = _WILD.split(pattern)
    wild = [f"({'.*' if mark != '?' else '.'})" for mark in _WILD.findall(pattern)]
    return "".join(re.escape(part) + group for part, group in zip(parts, [*wild, ""], strict=True))


def _glob_to_template(pattern: str, target: str) -> str:
    wild, asked = len(_WILD.findall(pattern)), len(_WILD.findall(target))
    if asked > wild:
        msg = (
            f"names: {target!r} has {asked} wildcards, but {pattern!r} has only {wild} that could "
            "stand for them."
        )
        raise OptionError(msg)
    numbers = iter(range(1, asked + 1))
    parts = (part.replace("\\", r"\\") for part in _WILD.split(target))
    return "".join(
        part + (f"\\g<{next(numbers)}>" if place < asked else "")
        for place, part in enumerate(parts)
    )


def parse_name_rules(text: str, where: str = "the mapping") -> list[NameRule]:
    """The rules of a mapping file: one a line, ``NAME -> NAME``.

    Either side as in `LayerNames`; a regular expression stands between slashes. Empty lines and
    what follows a # at the beginning of a line or after a blank are left out. OptionError with the
    line's number for what cannot be read.
    """
    rules = []
    for number, line in enumerate(text.splitlines(), 1):
        content = re.sub(r"(^|\s)#.*", "", line).strip()
        if not content:
            continue
        source, arrow, target = (part.strip() for part in content.partition("->"))
        if not (arrow and source and target):
            msg = (
                f"{where}, line {number}: {content!r} is not 'NAME -> NAME', such as "
                "'transformer.h.*.ln_1 -> blocks.*.norm1'."
            )
            raise OptionError(msg)
        try:
            rules.append(_make_rule(_read_pattern(source), target))
        except (OptionError, re.error) as err:
            msg = f"{where}, line {number}: {err}"
            raise OptionError(msg) from err
    return rules


def _read_pattern(source: str) -> str | re.Pattern[str]:
    is_expression = len(source) > 2 and source.startswith("/") and source.endswith("/")
    return re.compile(source[1:-1]) if is_expression else source


@dataclass(frozen=True)
class NamePairs:
    """Names of layers that belong together, first -> second, and rules that were of no use.

    ignored: names of either run that a rule leaves out.
    """

    pairs: dict[str, str]
    ignored: frozenset[str] = frozenset()
    idle: tuple[str, ...] = ()


def pair_names(
    names: Collection[str], others: Collection[str], rules: Sequence[NameRule] = ()
) -> NamePairs:
    """Pair the layers of two runs: by the rules, then equal names, then without common prefixes."""
    ignored = _find_ignored([*names, *others], rules)
    own = dict.fromkeys(name for name in names if name not in ignored)
    its = dict.fromkeys(name for name in others if name not in ignored)
    pairs, idle = _pair_by_rules(own, its, rules)
    left = [name for name in own if name not in pairs]
    pairs |= {name: name for name in left if name in its and name not in pairs.values()}
    taken = set(pairs.values())
    pairs |= _pair_by_prefix(
        _without_wrappers(name for name in left if name not in pairs),
        _without_wrappers(name for name in its if name not in taken),
        _find_prefixes(own),
        _find_prefixes(its),
    )
    return NamePairs(pairs, frozenset(ignored), tuple(idle - set(ignored.values())))


def _find_ignored(names: Iterable[str], rules: Sequence[NameRule]) -> dict[str, str]:
    """Names that a rule leaves out, in either run -> source of the rule."""
    ignored: dict[str, str] = {}
    for name in names:
        rule, target = _first_match(rules, name)
        if target == IGNORED and rule is not None:
            ignored[name] = rule.source
    return ignored


def _pair_by_rules(
    own: Iterable[str], its: Mapping[str, None], rules: Sequence[NameRule]
) -> tuple[dict[str, str], set[str]]:
    """Pairs, and the sources of the rules that made none."""
    pairs: dict[str, str] = {}
    used = set()
    taken = set()
    for name in own:
        rule, target = _first_match(rules, name)
        if rule is not None and target in its and target not in taken:
            pairs[name] = target
            taken.add(target)
            used.add(rule.source)
    return pairs, {rule.source for rule in rules} - used


def _first_match(rules: Sequence[NameRule], name: str) -> tuple[NameRule | None, str]:
    """The first rule that matches a name decides on it."""
    for rule in rules:
        target = _rename(rule, name)
        if target is not None:
            return rule, target
    return None, ""


_PART: Final = re.compile(r"(:\d+)?(/.*)?$")
"""Number of the call and path of the output behind a module's name."""


def _rename(rule: NameRule, name: str) -> str | None:
    """By the whole name; else by the module's, with the rest of the name behind the new one."""
    renamed = rule.rename(name)
    if renamed is not None:
        return renamed
    found = _PART.search(name)
    end = found.start() if found else len(name)
    # Of a parameter, the rule may name the module.
    for place in (end, name.rfind(".", 0, end)):
        part = rule.rename(name[:place]) if place > 0 else None
        if part is not None:
            return part if part == IGNORED else part + name[place:]
    return None


def _pair_by_prefix(
    own: Mapping[str, str],
    its: Mapping[str, str],
    prefixes: Sequence[str],
    other_prefixes: Sequence[str],
) -> dict[str, str]:
    """Pair what is equal once a prefix of each run is taken away, as many as possible.

    own, its: names without wrappers -> names.
    """
    best: dict[str, str] = {}
    for prefix in prefixes:
        for other_prefix in other_prefixes:
            pairs = _match(_strip(own, prefix), _strip(its, other_prefix))
            if len(pairs) > len(best):
                best = pairs
    return best


def _without_wrappers(names: Iterable[str]) -> dict[str, str]:
    return {".".join(p for p in name.split(".") if p not in WRAPPERS): name for name in names}


def _find_prefixes(names: Iterable[str]) -> list[str]:
    """No prefix, and those of the run, the shortest first."""
    plain = list(_without_wrappers(names))
    counts: Counter[str] = Counter()
    for name in plain:
        parts = name.split(".")[:-1]
        counts.update({".".join(parts[:end]) + "." for end in range(1, min(len(parts), 4) + 1)})
    shared = [
        prefix
        for prefix, count in counts.items()
        if count >= PREFIX_SHARE * len(plain) or all(p in PREFIXES for p in prefix[:-1].split("."))
    ]
    return ["", *sorted(shared, key=lambda prefix: (len(prefix), prefix))]


def _strip(names: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Names without the prefix; those that lack it stay as they are."""
    stripped = {plain: name for plain, name in names.items() if not plain.startswith(prefix)}
    stripped |= {
        plain.removeprefix(prefix): name
        for plain, name in names.items()
        if plain.startswith(prefix) and plain.removeprefix(prefix) not in stripped
    }
    return stripped


def _match(own: Mapping[str, str], its: Mapping[str, str]) -> dict[str, str]:
    return {own[plain]: its[plain] for plain in own if plain in its}
