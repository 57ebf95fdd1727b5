"""Draws the pictures of gallery.md from small trainings: `python -m docs.make_gallery`.

The trainings are those of bench/findings, with one fault planted each; they are kept in its cache.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import torch
from PIL import Image

from bench.findings.train import Job, run_job
from tb_activation_hist.findings import find_run_findings
from tb_activation_hist.notebook.plot import plot_series

PICTURES = Path(__file__).resolve().parent / "images" / "gallery"
DPI = 80
COLOURS = 48


@dataclass(frozen=True)
class Exhibit:
    """One picture: layers (tags) of a training, side by side."""

    name: str
    job: Job
    tags: Sequence[str]
    scale: str = "linear"


EXHIBITS = (
    Exhibit("healthy", Job("mlp", "healthy", 0), ("activations/1", "activations/2")),
    Exhibit("collapsing", Job("cnn", "lr100", 0), ("activations/3", "activations/4"), "symlog"),
    Exhibit("dead", Job("mlp", "dead_bias", 0), ("activations/3", "activations/4")),
    Exhibit("exploding", Job("mlp_tanh", "lr100", 0), ("activations/1", "activations/9"), "symlog"),
    Exhibit("saturated", Job("mlp_tanh", "large_init", 0), ("activations/2", "activations/4")),
    Exhibit("not_learning", Job("mlp", "discriminative", 0), ("activations/1", "activations/5")),
    Exhibit("spiky", Job("mlp", "bad_batches", 0), ("activations/1", "activations/6"), "symlog"),
    Exhibit(
        "low_precision", Job("mlp", "fp16_underflow", 0), ("gradients/1", "gradients/5"), "symlog"
    ),
)


def main() -> None:
    """Draw every exhibit and print what the findings say of it."""
    mpl.use("Agg")
    torch.set_num_threads(1)
    PICTURES.mkdir(parents=True, exist_ok=True)
    for exhibit in EXHIBITS:
        draw(exhibit)


def draw(exhibit: Exhibit) -> None:
    """Train, draw, save, and print the findings."""
    from matplotlib import pyplot as plt

    layers = run_job(exhibit.job).layers
    figure, axes = plt.subplots(1, len(exhibit.tags), figsize=(9.2, 2.6), layout="constrained")
    for ax, tag in zip(axes, exhibit.tags, strict=True):
        info, series = layers[tag]
        title = f"{info.layer} {info.type}" + (f", {info.kind}" * (info.kind != "activations"))
        plot_series(series, ax=ax, scale=exhibit.scale, rows=64, title=title)
    file = PICTURES / f"{exhibit.name}.png"
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=DPI)
    plt.close(figure)
    # A palette halves the size of pictures that come with every checkout.
    Image.open(buffer).convert("RGB").quantize(COLOURS).save(file, optimize=True)
    titles = [finding.title for finding in find_run_findings(exhibit.job.name, layers)]
    print(f"{file.name} {file.stat().st_size / 1000:.0f} kB", *titles, sep="\n    ")


if __name__ == "__main__":
    main()
