"""The plugin's name, how tags are laid out, and the versions of what is stored."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final, Literal, TypeAlias, get_args

from tb_activation_hist.core.errors import FormatError
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.registry import dict_to_scheme
from tb_activation_hist.core.schemes.scheme import Scheme
from tb_activation_hist.core.stored_json import (
    are_texts,
    are_wholes,
    damaged,
    is_text,
    is_whole,
    read_json_object,
)

PLUGIN_NAME: Final = "activation_hist"
TAB_NAME: Final = "Activations"

METADATA_VERSION: Final = 1
RUN_INFO_VERSION: Final = 1

MAX_AXES: Final = 64
"""Maximum number of axes of a tensor that a tag describes; torch itself has this limit."""

RUN_INFO_TAG: Final = "__run__"
"""Tag whose events are JSON strings about the run as a whole; the latest one counts."""

Kind: TypeAlias = Literal[
    "activations",
    "gradients",
    "weights",
    "weight_gradients",
    "updates",
    "inputs",
    "optimizer_state",
]
Phase: TypeAlias = Literal["train", "eval"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
PHASES: Final[tuple[Phase, ...]] = get_args(Phase)

SLICES_PLUGIN: Final = "activation_hist_slices"
"""Name under which the slices of split layers are stored: versions that know none pass them by."""

SIZES_PLUGIN: Final = "activation_hist_sizes"
"""Name under which the sizes of parameters are stored, for the same reason."""

SIZES_TAG: Final = "parameter_sizes"
"""Their tag: one for the run."""

SLICES_PREFIX: Final = "slices/"
"""First part of their tags, before that of the layer."""

SUMMARY_PREFIX: Final = "~activation_hist/"
"""Start of the tags of our ordinary histograms and scalars. They stay together, and TensorBoard
sorts the tilde behind letters, so that the user's own cards come first."""

SUMMARY_PREFIXES: Final = (SUMMARY_PREFIX, "activation_hist/")
"""With that of files from before version 0.2."""


@dataclass(frozen=True)
class LayerInfo:
    """What is known about one recorded tensor stream; stored once, as its tag's metadata.

    layer: module name with an output suffix where there is one (``"lstm/0"``).
    order: position in the model, from 0; layers are shown in this order.
    shape, dtype: of the first tensor that was counted.
    split: the dimension along which its slices are recorded too; None: they are not.
    slice: number of the slice whose bins these are, of a split layer; None: of a whole tensor.
    settings: of the module, as its ``extra_repr`` shows them; "" where none are known.
    """

    layer: str
    kind: str = "activations"
    phase: str = "train"
    order: int = 0
    type: str = ""
    shape: tuple[int, ...] = ()
    dtype: str = "float32"
    scheme: Scheme = FLOAT_BITS
    split: int | None = None
    slice: int | None = None
    settings: str = ""

    @cached_property
    def tag(self) -> str:
        """TensorBoard tag: ``<kind>/<layer>``, with ``eval/`` in front outside training."""
        return f"{phase_prefix(self.phase)}{self.kind}/{self.layer}"

    @property
    def label(self) -> str:
        """The layer's name in a sentence."""
        return label_layer(self.layer)

    @property
    def slices_tag(self) -> str:
        """Tag of the slices of a split layer."""
        return f"{SLICES_PREFIX}{self.tag}"

    @cached_property
    def key(self) -> str:
        """Key in ``read_histograms``: the tag without ``activations/``."""
        kind = "" if self.kind == "activations" else f"{self.kind}/"
        return f"{phase_prefix(self.phase)}{kind}{self.layer}"

    @property
    def sort_key(self) -> tuple[int, str, int, str, int]:
        """Training before evaluation, activations before other kinds, then model order.

        The order of keys in `read_histograms` and in `MemoryWriter`, of charts and of the page.
        Phases and kinds that this version does not know come last.
        """
        return (*_rank(self.phase, PHASES), *_rank(self.kind, KINDS), self.order)

    def to_content(self) -> bytes:
        """Plugin content of the tag: JSON in UTF-8."""
        fields: dict[str, Any] = {
            "version": METADATA_VERSION,
            "layer": self.layer,
            "kind": self.kind,
            "phase": self.phase,
            "order": self.order,
            "type": self.type,
            "shape": list(self.shape),
            "dtype": self.dtype,
            "bins": self.scheme.to_dict(),
        }
        fields |= {
            name: value
            for name, value in (("split", self.split), ("slice", self.slice))
            if value is not None
        }
        if self.settings:
            fields["settings"] = self.settings
        return json.dumps(fields, separators=(",", ":")).encode()


def _rank(name: str, known: tuple[str, ...]) -> tuple[int, str]:
    return (known.index(name) if name in known else len(known)), name


def label_layer(layer: str) -> str:
    """A layer's name in a sentence: ``"layer 3"`` for ``"3"``, as a ``Sequential`` names it."""
    return f"layer {layer}" if layer.isdecimal() else layer


def phase_prefix(phase: str) -> str:
    """What a phase puts in front of a tag: nothing for training."""
    return "" if phase == "train" else f"{phase}/"


@lru_cache(maxsize=4096)
def content_to_layer_info(content: bytes) -> LayerInfo:
    """Inverse of `LayerInfo.to_content`; FormatError when damaged or from a newer version.

    Remembered, since a server that follows trainings asks for the same ones with each new record.
    """
    what = f"metadata of an {PLUGIN_NAME} tag"
    fields = read_json_object(content, what)
    version = fields.get("version")
    if not is_whole(version):
        raise damaged(what, content)
    check_version("tag metadata", int(fields["version"]), METADATA_VERSION)
    if not all(_FIELD_CHECKS[name](fields.get(name)) for name in _FIELD_CHECKS):
        raise damaged(what, content)
    return LayerInfo(
        shape=tuple(fields["shape"]),
        scheme=dict_to_scheme(fields.get("bins", {})),
        split=fields.get("split"),
        slice=fields.get("slice"),
        settings=fields.get("settings") or "",
        **{name: fields[name] for name in ("layer", "kind", "phase", "order", "type", "dtype")},
    )


def _is_shape(value: object) -> bool:
    return isinstance(value, list) and len(value) <= MAX_AXES and all(map(is_whole, value))


_FIELD_CHECKS: Final = {
    **dict.fromkeys(("layer", "kind", "phase", "type", "dtype"), is_text),
    "order": is_whole,
    "shape": _is_shape,
    **dict.fromkeys(("split", "slice"), lambda value: value is None or is_whole(value)),
    "settings": lambda value: value is None or is_text(value),
}
"""What the fields of a tag's metadata must be, beside the version and the bins."""


def text_to_run_info(text: bytes) -> tuple[dict[str, Any], str]:
    """What a logger noted about its run, and a sentence about what of it is damaged, or "".

    A field is a text, a number or a list of texts; one of any other type is left out.
    """
    what = "information about the run"
    try:
        fields = read_json_object(text, what)
    except FormatError as err:
        return {}, str(err)
    right = {k: v for k, v in fields.items() if _RUN_INFO_CHECKS.get(k, _is_plain)(v)}
    wrong = ", ".join(repr(name) for name in fields if name not in right)[:80]
    return right, f"The {what} is damaged: {wrong}." if wrong else ""


def _is_count(value: object) -> bool:
    """A count that is not known is null."""
    return value is None or is_whole(value)


def _is_share(value: object) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool) and value >= 0


def _is_plain(value: object) -> bool:
    simple = _is_count(value) or isinstance(value, str | float | bool)
    return simple or are_texts(value) or are_wholes(value)


_RUN_INFO_CHECKS: Final = {
    **dict.fromkeys(("version", "skipped", "lost", "began_again", "other_weights_from"), _is_count),
    **dict.fromkeys(("silent", "errors", "changes", "weights"), are_texts),
    **dict.fromkeys(("cadence", "overhead"), is_text),
    "overhead_share": _is_share,
    "missing_ranks": are_wholes,
    "execution_order": are_texts,
    "execution_calls": are_wholes,
}
"""What the fields that readers know must be."""


def check_version(what: str, given: int, known: int) -> None:
    """Refuse data that is newer than this code."""
    if given < 1:
        msg = f"The {what} is damaged: there is no format version {given}."
        raise FormatError(msg)
    if given > known:
        msg = (
            f"The {what} has format version {given}, but this tb_activation_hist reads up to "
            f"{known}. Upgrade it: pip install -U tb_activation_hist."
        )
        raise FormatError(msg)
