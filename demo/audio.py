"""Audio tagging with ResNet-18 from scratch: slice(1e-6, 1e-2) against one learning rate of 1e-2.

Discriminative learning rates are for networks that are trained already. From scratch they leave the
early layers as they were drawn, and the heatmaps show it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

import torch
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.metrics import AccumMetric
from fastai.torch_core import params, set_seed
from torch import Tensor, nn
from torch.utils.data import TensorDataset
from torchvision.models import ResNet, resnet18

from demo.downloads import SourceError
from demo.fitting import Outcome, fit_one_cycle, print_outcomes
from demo.server import serve_until_interrupted, tensorboard
from demo.sounds import Part, TaggedSounds, freesound_2019, sonic_pi_sounds
from tb_activation_hist import ActivationHistCallback

RUNS = Path("runs/audio")
LEARNING_RATES: dict[str, float | slice] = {
    "lr=slice(1e-6,1e-2)": slice(1e-6, 1e-2),
    "lr=1e-2": 1e-2,
}
LAYERS = ["conv1", "layer[1-4]"]
EPOCHS = 10
BATCH = 64
SEED = 42
# A tag counts as given from this probability on: the value of fastai's multi-label lessons.
THRESHOLD = 0.2

WHAT_TO_SEE = """\
What to look at: {address}
  lr=1e-2              conv1 widens as it learns.
  lr=slice(1e-6,1e-2)  conv1, layer1 and layer2 get 1e-6. conv1 looks the same from the first step
                       to the last: these layers almost keep their random weights, and a finding
                       names them. The training loss is lower, the validation F-score worse.
Choose valid/f_score under Scalars above in the settings to see the scores.
`tb-activation-hist report {runs}` says where the two runs differ first."""


def f_score(logits: Tensor, tags: Tensor) -> float:
    """F1 over all clips and tags together (micro average), 0..1; 0 when nothing is right."""
    given, right = logits.sigmoid() >= THRESHOLD, tags > 0.5
    hits = int((given & right).sum())
    return 2 * hits / max(1, int(given.sum()) + int(right.sum()))


def split_layers(model: ResNet) -> list[list[nn.Parameter]]:
    """The groups slice() spreads its rates over: fastai's cut of a ResNet, early, late and head."""
    early = [model.conv1, model.bn1, model.layer1, model.layer2]
    groups = [early, [model.layer3, model.layer4], [model.fc]]
    return [list(params(nn.ModuleList(group))) for group in groups]


def make_loaders(sounds: TaggedSounds) -> DataLoaders:
    """Batches of 64 pictures with three equal channels, as ResNet-18 takes them."""

    def dataset(part: Part) -> TensorDataset:
        return TensorDataset(part.pictures.unsqueeze(1).expand(-1, 3, -1, -1), part.tags)

    device = "cuda" if torch.cuda.is_available() else "cpu"
    parts = dataset(sounds.train), dataset(sounds.valid)
    return DataLoaders.from_dsets(*parts, bs=BATCH, num_workers=0, device=device)


def train(sounds: TaggedSounds, run: str) -> Outcome:
    """Trains one network from the same seed as the other."""
    set_seed(SEED)
    learn = Learner(
        make_loaders(sounds),
        resnet18(num_classes=len(sounds.tags)),
        loss_func=nn.BCEWithLogitsLoss(),
        metrics=AccumMetric(f_score, flatten=False),
        splitter=split_layers,
        cbs=ActivationHistCallback(RUNS / run, layers=LAYERS),
    )
    return fit_one_cycle(learn, run, EPOCHS, LEARNING_RATES[run], samples="clips")


def main() -> int:
    """Gets the sounds, opens TensorBoard, trains twice, and serves until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--freesound",
        type=Path,
        metavar="DIR",
        help="the Kaggle 2019 layout: train_curated.csv and the wav files",
    )
    folder = parser.parse_args().freesound
    try:
        sounds = freesound_2019(folder) if folder else sonic_pi_sounds(SEED)
    except (SourceError, OSError) as error:
        print(f"error: no sounds: {error}", file=sys.stderr)
        return 1
    shutil.rmtree(RUNS, ignore_errors=True)
    try:
        with tensorboard(RUNS) as address:
            print(f"\nWatch the heatmaps grow: {address}\n", flush=True)
            outcomes = [train(sounds, run) for run in LEARNING_RATES]
            print_outcomes(
                "Audio tagging, ResNet-18 from scratch", outcomes, "F-score", "{:.3f}".format
            )
            print(WHAT_TO_SEE.format(address=address, runs=RUNS), flush=True)
            if os.environ.get("SERVE") != "0":
                serve_until_interrupted(address)
    except KeyboardInterrupt:
        print(f"\nStopped. `tensorboard --logdir {RUNS}` shows the runs again.", flush=True)
    except RuntimeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
