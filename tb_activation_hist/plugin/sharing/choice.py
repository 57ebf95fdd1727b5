"""Which runs and series of an index go into a shared file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tb_activation_hist.core.errors import LogdirError, OptionError
from tb_activation_hist.core.names import phase_prefix
from tb_activation_hist.core.nearest import list_names, match_names
from tb_activation_hist.core.share_options import ShareChoice
from tb_activation_hist.plugin import schema


def choose(index: schema.Index, choice: ShareChoice) -> schema.Index:
    """The index of the chosen runs and series alone.

    Raises:
        LogdirError: there is no series at all.
        OptionError: a name or pattern matches nothing; the message has the nearest names.
    """
    if not index["series"]:
        msg = (
            "There are no histograms to share. Record some with ActivationHistLogger(model, "
            "logdir) or ActivationHistCallback(logdir)."
        )
        raise LogdirError(msg)
    runs = match_names("run", choice.runs, [run["name"] for run in index["runs"]])
    kinds = match_names(
        "kind", choice.kinds, list(dict.fromkeys(s["kind"] for s in index["series"]))
    )
    of_kinds = [series for series in index["series"] if series["kind"] in kinds]
    keys = match_names("layer", choice.layers, list(dict.fromkeys(map(series_key, of_kinds))))
    wanted = set(keys)
    return _cut(index, runs, [each for each in of_kinds if series_key(each) in wanted])


def _cut(index: schema.Index, runs: Sequence[str], series: Sequence[schema.Series]) -> schema.Index:
    places = [at for at, run in enumerate(index["runs"]) if run["name"] in set(runs)]
    parts = [part for each in series if (part := _of_runs(each, places))]
    if not parts:
        names = list_names([*map(repr, runs)])
        msg = f"None of the chosen runs ({names}) has one of the chosen layers."
        raise OptionError(msg)
    return {**index, "runs": [index["runs"][at] for at in places], "series": parts}


def pick(index: schema.Index, asked: schema.ShareRequest) -> schema.Index:
    """The index of exactly these runs and series.

    Raises:
        OptionError: none of the runs has one of the series.
    """
    runs, wanted = set(asked.runs), {(each.source, each.tag) for each in asked.series}
    series = [each for each in index["series"] if (each["source"], each["tag"]) in wanted]
    return _cut(index, [run["name"] for run in index["runs"] if run["name"] in runs], series)


def series_key(series: schema.Series) -> str:
    """The key in `read_histograms`, which the command line uses too."""
    if series["source"] != "blocks":
        return series["tag"]
    kind = "" if series["kind"] == "activations" else f"{series['kind']}/"
    return f"{phase_prefix(series['phase'])}{kind}{series['layer']}"


def _of_runs(series: schema.Series, places: Iterable[int]) -> schema.Series | None:
    """A series in these runs alone, whose positions are counted anew; None if none has it.

    Slices stay behind, so the file says nothing of them.
    """
    at = {run: new for new, run in enumerate(places)}
    kept = [i for i, run in enumerate(series["runs"]) if run in at]
    if not kept:
        return None
    part: schema.Series = {
        **series,
        "runs": [at[series["runs"][i]] for i in kept],
        "shapes": [series["shapes"][i] for i in kept],
        "dtypes": [series["dtypes"][i] for i in kept],
        "steps": [series["steps"][i] for i in kept],
    }
    part.pop("split", None)
    return part
