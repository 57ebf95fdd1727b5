"""What a finding rests on, in words: each figure by its meaning, with its limit.

`FIGURES` is the table of all figures; docs/findings.md lists it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from tb_activation_hist.findings.number_format import format_factor

SHARE: Final = "share"
TIMES: Final = "times"
NUMBER: Final = "number"
TEXT: Final = "text"

NOISES: Final = "times the batch noise"


class Figure(NamedTuple):
    """What a figure means; limits: names of the thresholds that it is held against."""

    label: str
    unit: str = NUMBER
    limits: tuple[str, ...] = ()


FIGURES: Final[Mapping[str, Figure]] = {
    "all_units": Figure("units of the layer"),
    "baseline": Figure("compared with run", TEXT),
    "batch_noise": Figure("distance between batches alone"),
    "column": Figure("the column's number, from 0"),
    "column_scale": Figure("size of its values", NUMBER),
    "cycles": Figure("rises and falls", NUMBER, ("cycles",)),
    "decay": Figure(
        "fall of the values' size",
        TIMES,
        (
            *("vanishing_decay", "vanishing_beside", "vanishing_last"),
            *("vanishing_matrices", "vanishing_matrices_soon"),
        ),
    ),
    "distance": Figure("distance of the histograms", NUMBER, ("distance", "difference_distance")),
    "bound": Figure("largest size of an embedding", NUMBER, ("vanishing_bound",)),
    "cause": Figure("what reaches the weights", TEXT),
    "dropped_share": Figure(
        "values that Dropout sets to 0", SHARE, ("dropped_share", "dropout_setting")
    ),
    "early_rms": Figure("size of the values in the first records"),
    "end_share": Figure(
        "values at the ends of the range", SHARE, ("saturated_share", "saturated_start_share")
    ),
    "fading": Figure(
        "fall relative to the other end", TIMES, ("vanishing_depth", "vanishing_gradient")
    ),
    "fall_records": Figure("records in which they fell so far"),
    "fall": Figure("fall of the updates", TIMES, ("stopped_fall",)),
    "found_units": Figure("units that show it"),
    "frozen_layers": Figure("layers that are frozen"),
    "groups": Figure("groups of equal units"),
    "growth": Figure(
        "growth of the size", TIMES, ("growth", "depth", "gradient", "weights", "critic_growth")
    ),
    "idle_share": Figure("values that are zero or tiny", SHARE, ("collapsed_share",)),
    "idle_share_before": Figure("values that were zero or tiny before", SHARE),
    "loss": Figure("loss that takes logits", TEXT),
    "loss_begin": Figure("logged loss at the beginning"),
    "loss_of_guessing": Figure("loss of guessing"),
    "loss_lowest": Figure("lowest logged loss"),
    "loss_end": Figure("logged loss at the end"),
    "loss_step": Figure("first step whose logged loss is not finite"),
    "largest": Figure("largest |x|", NUMBER, ("level",)),
    "height": Figure("peaks, relative to the start", TIMES, ("height",)),
    "largest_factor": Figure("largest rise", TIMES),
    "largest_step": Figure("step of the largest values"),
    "likeness": Figure("correlation of neighbouring batches", NUMBER, ("neighbour_likeness",)),
    "largest_gradient": Figure("largest gradient of the weights"),
    "layers_with_weights": Figure("layers with weights"),
    "moved": Figure("distance between the beginning and the end of the run"),
    "moving_layer": Figure("layer that moves", TEXT),
    "moving_ratio": Figure("movement of that layer", NOISES, ("moving_ratio",)),
    "n": Figure("values in the record"),
    "nans": Figure("NaN in the first such record"),
    "near_largest": Figure("values near the dtype's largest number"),
    "neg_infs": Figure("-inf in the first such record"),
    "period": Figure("steps after which batches come again"),
    "one_end": Figure("of these, at one and the same end", SHARE),
    "one_share": Figure("rows with all weight on one value", SHARE, ("saturated_softmax",)),
    "pos_infs": Figure("+inf in the first such record"),
    "rate_fall": Figure("fall of the learning rate", TIMES, ("stopped_rate",)),
    "ratio": Figure("ratio to the usual size", TIMES, ("ratio", "unscaled_columns", "eval_scale")),
    "records": Figure("records that show it", NUMBER, ("constant_records", "kept_steps")),
    "rounded": Figure("weights that a step leaves as they are", SHARE, ("rounded_share",)),
    "rms": Figure("size of the values (root mean square)", NUMBER, ("level",)),
    "rms_before": Figure("size of the values before"),
    "same": Figure("units that are equal", TEXT),
    "set_back": Figure("times that the weights were set back", NUMBER, ("set_back_times",)),
    "replaced": Figure(
        "times that the weights were replaced by others", NUMBER, ("other_weights",)
    ),
    "setting": Figure("setting", TEXT),
    "setting_value": Figure(
        "its value", NUMBER, ("momentum", "decay_in_gradient", "norm_standstill", "norm_forgets")
    ),
    "slower": Figure("update per gradient, below that of others", TIMES, ("slow_rate",)),
    "same_class": Figure("pairs of samples of one class, within batches", SHARE),
    "same_class_across": Figure("the same, of different batches", SHARE),
    "class_likeness": Figure("how much likelier that makes one class", SHARE, ("class_likeness",)),
    "scores_rms": Figure("size of attention's scores", NUMBER, ("saturated_scores",)),
    "start_factors": Figure("factors at the start", NUMBER, ("vanishing_factors",)),
    "start_gain": Figure(
        "weights at the start, relative to 1/sqrt(inputs)",
        TIMES,
        ("vanishing_weights", "first_weights"),
    ),
    "share_at_limit": Figure("values at the limits of the dtype", SHARE, ("low_precision_share",)),
    "spread_share": Figure(
        "standard deviation beside the size of the values", SHARE, ("unscaled_spread",)
    ),
    "strays": Figure("tensors that get gradients and are not registered", NUMBER, ("stray",)),
    "subnormal": Figure("values below the smallest normal number"),
    "unit_share": Figure("share of the layer's units", SHARE),
    "update_share": Figure(
        "update relative to the weights", NUMBER, ("slow_update", "still_update", "small_update")
    ),
    "usual_distance": Figure("usual distance of neighbouring windows"),
    "way": Figure("way of the weights, relative to their size", NUMBER, ("short_way",)),
    "values": Figure("values of a channel in a batch", NUMBER, ("norm_values",)),
    "way_out": Figure("way from the outputs to the targets, at least", NUMBER, ("far_targets",)),
    "weight_spread": Figure("standard deviation of the weights", SHARE, ("constant_spread",)),
    "weights_dtype": Figure("format of the weights", TEXT),
    "zero_share": Figure("values that are exactly 0", SHARE, ("mostly_zero_share",)),
    "zeros_apart": Figure("difference of the shares of zeros", SHARE, ("difference_zeros",)),
}
"""Name of a figure -> what it means."""

MOVEMENT: Final = Figure(
    "movement from the beginning to the end of the run", NOISES, ("still_ratio",)
)


class Evidence(NamedTuple):
    """One line of evidence, as texts.

    label: what was measured. value: the number with its unit. limit: the threshold in the same
    unit, or ``""`` where there is none.
    """

    label: str
    value: str
    limit: str


def figures_to_evidence(
    figures: Mapping[str, Any], threshold: Mapping[str, float]
) -> tuple[Evidence, ...]:
    """Each single figure in words; lists, which are parallel to layers or units, are left out."""
    return tuple(
        _to_evidence(name, value, threshold)
        for name, value in figures.items()
        if not isinstance(value, (list, tuple))
    )


def _to_evidence(name: str, value: Any, threshold: Mapping[str, float]) -> Evidence:
    figure = FIGURES.get(name, Figure(name.replace("_", " "), limits=(name,)))
    if name == "ratio" and "still_ratio" in threshold:
        figure = MOVEMENT
    limit = next((threshold[each] for each in figure.limits if each in threshold), None)
    shown = "" if limit is None else format_figure(limit, figure.unit)
    return Evidence(figure.label, format_figure(value, figure.unit), shown)


def format_figure(value: Any, unit: str) -> str:
    """A figure with its unit: "99.7 %", "450 times", "1,200"."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if not math.isfinite(value):
        return "not finite"
    if unit == SHARE:
        return f"{100 * value:.3g} %"
    if unit in (TIMES, NOISES):
        return f"{format_factor(value)} {unit}"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"
