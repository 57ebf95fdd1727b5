"""What each command takes."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final

from tb_activation_hist import __version__
from tb_activation_hist.cli.export import WRITERS
from tb_activation_hist.cli.show import COLOUR_MODES
from tb_activation_hist.core.comparison.criterion import COMPARE_MODES
from tb_activation_hist.core.nearest import no_such
from tb_activation_hist.core.number_formats import NUMBER_FORMATS
from tb_activation_hist.core.share_options import DEFAULT_COLUMNS
from tb_activation_hist.core.slice_counts import SLICE_STATISTICS
from tb_activation_hist.findings import SEVERITIES
from tb_activation_hist.notebook.value_axis import SCALES

DESCRIPTION = "Read activation histograms that were recorded during a training."
EXIT_STATUS = "Exit status: 0 all is well, 1 --fail-on found something, 2 the command failed."
DEFAULT_SHARED: Final = "activations.html"
LOGDIR = "directory with one or more runs, an event file, or a URL"


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command's function in `command`, and what it takes; ends the program for wrong usage."""
    parser = make_parser()
    command = next((word for word in arguments if not word.startswith("-")), None)
    if command is not None and command not in COMMANDS:
        parser.error(no_such("command", command, list(COMMANDS)))
    return parser.parse_args(arguments)


def _load(command: str) -> Callable[[argparse.Namespace], int]:
    """A command's function, whose module is loaded when it runs: `share` loads the plugin."""

    def run(given: argparse.Namespace) -> int:
        module = import_module(f"tb_activation_hist.cli.{command}")
        status: int = getattr(module, f"run_{command}")(given)
        return status

    return run


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser("tb-activation-hist", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for add in COMMANDS.values():
        add(commands)
    return parser


def _add_report(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    report = commands.add_parser(
        "report",
        help="print findings and a table of the layers; with --fail-on, a guard for CI",
        epilog=EXIT_STATUS,
    )
    report.add_argument("logdir", help=LOGDIR)
    report.add_argument("--run", action="append", metavar="NAME", help="only this run; repeatable")
    report.add_argument(
        "--baseline",
        metavar="NAME",
        help="run to compare the others with (default: the first without errors and warnings)",
    )
    report.add_argument(
        "--format",
        action="append",
        choices=NUMBER_FORMATS,
        help="print what a cast to this number format would lose in each layer; repeatable",
    )
    report.add_argument(
        "--scale",
        type=float,
        help="power of two by which values are multiplied before that cast (default 1)",
    )
    report.add_argument("--json", action="store_true", help="print JSON instead of tables")
    report.add_argument(
        "--details",
        action="store_true",
        help="list all findings of each incident, with figures and thresholds",
    )
    report.add_argument(
        "--fail-on",
        choices=SEVERITIES,
        help="exit with status 1 if there is a finding of this severity or higher",
    )
    report.set_defaults(command=_load("report"))


def _add_show(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    show = commands.add_parser("show", help="draw heatmaps in the terminal")
    show.add_argument("logdir", help=LOGDIR)
    _add_selection(show)
    show.add_argument("--rows", type=int, default=16, help="height in lines (default 16)")
    show.add_argument("--columns", type=int, help="width in characters (default: the terminal's)")
    show.add_argument("--scale", choices=SCALES, default="linear", help="scale of the value axis")
    show.add_argument(
        "--colour",
        choices=COLOUR_MODES,
        default="auto",
        help="colours (default auto: the best that the terminal supports)",
    )
    show.add_argument(
        "--slices",
        choices=SLICE_STATISTICS,
        help="draw this statistic of each slice (channel, unit, head, expert) of split layers "
        "instead",
    )
    show.set_defaults(command=_load("show"))


def _add_export(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    export = commands.add_parser("export", help="write histograms to a file for other programs")
    export.add_argument("logdir", help=LOGDIR)
    _add_selection(export)
    export.add_argument("--format", choices=tuple(WRITERS), required=True)
    export.add_argument(
        "--output",
        help="file to write (default: activation_hist.<format>); - writes csv to standard output",
    )
    export.add_argument(
        "--scale", choices=SCALES, default="linear", help="scale of the value axis of png and svg"
    )
    export.add_argument(
        "--slices",
        action="store_true",
        help="write the slices (channels, units, heads, experts) of split layers instead",
    )
    export.set_defaults(command=_load("export"))


def _add_share(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    share = commands.add_parser(
        "share", help="write the page and its data into one HTML file that opens without a server"
    )
    share.add_argument("logdir", help=LOGDIR)
    share.add_argument(
        "-o",
        "--output",
        default=DEFAULT_SHARED,
        metavar="FILE",
        help=f"file to write (default {DEFAULT_SHARED}); a shared page that is there is replaced",
    )
    for name, what in (("run", "lr=*"), ("layer", "layer1.*"), ("kind", "gradients")):
        share.add_argument(
            f"--{name}",
            action="append",
            metavar="PATTERN",
            help=f"name of a {name}, or a pattern, such as {what!r}; repeatable (default: all)",
        )
    share.add_argument(
        "--columns",
        type=int,
        default=DEFAULT_COLUMNS,
        help=f"maximum columns per heatmap (default {DEFAULT_COLUMNS}); if there are more records, "
        "neighbouring ones are pooled",
    )
    share.add_argument(
        "--size",
        type=float,
        metavar="MB",
        help="maximum size of the file in megabytes; bins are merged and counts rounded only as "
        "far as necessary (default: 3 for each 100 heatmaps, at least 3, at most 25)",
    )
    share.add_argument(
        "--exact", action="store_true", help="do not round counts; merge more bins instead"
    )
    share.set_defaults(command=_load("share"))


def _add_doctor(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    doctor = commands.add_parser(
        "doctor", help="check the installation and, optionally, the runs of a log directory"
    )
    doctor.add_argument("logdir", nargs="?", help=f"also check this {LOGDIR}")
    doctor.set_defaults(command=_load("doctor"))


def _add_selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--layer",
        action="append",
        metavar="PATTERN",
        help="name of a layer, or a pattern such as 'layer1.*'; repeatable (default: all)",
    )
    parser.add_argument("--run", action="append", metavar="NAME", help="only this run; repeatable")


def _add_compare(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    compare = commands.add_parser(
        "compare",
        help="find the first step and layer in which two runs differ; a guard for CI",
        epilog="Exit status: 0 the runs are the same, 1 they differ, 2 they cannot be compared.",
    )
    compare.add_argument("a", metavar="A", help=f"{LOGDIR}, or a golden file")
    compare.add_argument("b", metavar="B", nargs="?", help="likewise; default: the second run of A")
    compare.add_argument(
        "--run",
        action="append",
        metavar="NAME",
        help="run of a log directory; pass it twice: first for A, then for B",
    )
    compare.add_argument(
        "--mode",
        choices=COMPARE_MODES,
        default="exact",
        help="what counts as a difference. exact (default): any count differs; mass: more than a "
        "share of the values moves to other bins; octaves: values move farther on average",
    )
    compare.add_argument(
        "--tolerance",
        type=float,
        metavar="NUMBER",
        help="tolerance of mass (0 to 1) or octaves; the default allows for rounding",
    )
    compare.add_argument(
        "--map", metavar="FILE", help="file that maps layers of A to layers of B, one rule per line"
    )
    compare.add_argument(
        "--offset",
        type=int,
        default=0,
        metavar="STEPS",
        help="compare step s of A with step s + STEPS of B",
    )
    compare.add_argument("--last-step", type=int, metavar="STEP", help="last step of A to compare")
    compare.add_argument(
        "--layer", action="append", metavar="PATTERN", help="only these layers of A; repeatable"
    )
    compare.add_argument(
        "--strict", action="store_true", help="count a layer that only one run has as a difference"
    )
    compare.add_argument(
        "--save", metavar="FILE", help="save A as a golden file (.zip) instead of comparing it"
    )
    compare.add_argument("--json", action="store_true", help="print JSON instead of text")
    compare.set_defaults(command=_load("compare"))


COMMANDS: Final = {
    "report": _add_report,
    "compare": _add_compare,
    "show": _add_show,
    "export": _add_export,
    "share": _add_share,
    "doctor": _add_doctor,
}
"""Each command, and what adds its arguments."""
