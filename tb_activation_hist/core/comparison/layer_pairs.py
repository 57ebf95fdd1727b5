"""Which series of one recording belongs to which of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tb_activation_hist.core.comparison.layer_names import NameRule, pair_names
from tb_activation_hist.core.comparison.recording import Recording
from tb_activation_hist.core.names import LayerInfo

Place = tuple[str, str, str]
"""Phase, kind, name of the layer."""


@dataclass
class LayerPairs:
    """Keys of series that belong together, in the first recording's order, and what has no partner.

    What the mapping leaves out is in none of them. idle: rules of the mapping that were of no use.
    """

    pairs: list[tuple[str, str]] = field(default_factory=list)
    only_in_a: list[str] = field(default_factory=list)
    only_in_b: list[str] = field(default_factory=list)
    idle: tuple[str, ...] = ()


def pair_layers(a: Recording, b: Recording, rules: Sequence[NameRule] = ()) -> LayerPairs:
    """Pair the series of two recordings by layer, kind and phase.

    A layer that one recorded in training mode only, and the other in evaluation mode only, is
    paired too: a dropout that was left on. So are the inputs of the two models, which have the
    names of the models' classes.
    """
    own, its = _index(a.infos), _index(b.infos)
    names = pair_names(
        dict.fromkeys(layer for _, _, layer in own),
        dict.fromkeys(layer for _, _, layer in its),
        rules,
    )
    found = LayerPairs(idle=names.idle)
    taken = set()
    for (phase, kind, layer), key in own.items():
        other = names.pairs.get(layer)
        partner = None if other is None else its.get((phase, kind, other))
        if partner is None and other is not None:
            partner = _in_other_phase(own, its, (phase, kind, layer), other)
        if partner is not None:
            found.pairs.append((key, partner))
            taken.add(partner)
        elif layer not in names.ignored:
            found.only_in_a.append(key)
    found.only_in_b = [
        key for (_, _, layer), key in its.items() if key not in taken and layer not in names.ignored
    ]
    _pair_model_inputs(found, a.infos, b.infos)
    return found


def _pair_model_inputs(
    found: LayerPairs, a: Mapping[str, LayerInfo], b: Mapping[str, LayerInfo]
) -> None:
    own = [key for key in found.only_in_a if _is_model_input(a[key])]
    its = [key for key in found.only_in_b if _is_model_input(b[key])]
    # Alone, they would hide that no layer has a partner.
    if found.pairs and len(own) == len(its) == 1:
        found.pairs.append((own[0], its[0]))
        found.only_in_a.remove(own[0])
        found.only_in_b.remove(its[0])


def _is_model_input(info: LayerInfo) -> bool:
    """Of the model as a whole, which is the first module, in training."""
    return (info.kind, info.phase, info.order) == ("inputs", "train", 0)


def _index(infos: Mapping[str, LayerInfo]) -> dict[Place, str]:
    return {(info.phase, info.kind, info.layer): key for key, info in infos.items()}


def _in_other_phase(
    own: Mapping[Place, str], its: Mapping[Place, str], place: Place, other: str
) -> str | None:
    phase, kind, layer = place
    opposite = "eval" if phase == "train" else "train"
    alone = (opposite, kind, layer) not in own and (phase, kind, other) not in its
    return its.get((opposite, kind, other)) if alone else None
