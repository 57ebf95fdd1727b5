"""ResNet-18 on MNIST at two learning rates: at 1e-2 the layers spread out, at 1 they collapse.

Settings come from the environment: FULL=1 trains on all 60,000 images instead of 10,000, SERVE=0
ends after the training, DATA names a folder that holds MNIST.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import torch
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.metrics import error_rate
from fastai.torch_core import set_seed
from torch import Tensor
from torch.utils.data import Dataset
from torchvision.models import resnet18

from demo.fitting import Outcome, fit_one_cycle, print_outcomes
from demo.mnist import Mnist, NoMnistError, load_mnist
from demo.server import serve_until_interrupted, tensorboard
from tb_activation_hist import ActivationHistCallback

RUNS = Path("runs/mnist")
LEARNING_RATES = {"lr=0.01": 1e-2, "lr=1": 1.0}
LAYERS = ["conv1", "layer[1-4]"]
IMAGES = 10_000
EPOCHS = 3
BATCH = 64
SEED = 0
# Mean and standard deviation of MNIST's training pixels, in [0, 1].
MEAN, STD = 0.1307, 0.3081

WHAT_TO_SEE = """\
What to look at: {address}
  lr=0.01  Each layer's band widens for a hundred steps, then keeps its place and its shape.
           This network learns.
  lr=1     The first layers' values shoot up, while layer4 collapses: within about forty steps,
           99 % of its outputs are exactly zero, later all of them. So it passes no information
           about the image to the head; guessing among ten digits is wrong in 90 %.
  Move the mouse over a panel to mark the same step in all others. Click to pin a step and see its
  histograms. `tb-activation-hist report {runs}` prints the findings."""


class Digits(Dataset[tuple[Tensor, Tensor]]):
    """MNIST as ResNet-18 takes it: three equal channels, normalised."""

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        self.images = ((images.float() / 255 - MEAN) / STD).unsqueeze(1)
        self.labels = labels.long()

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.images[index].expand(3, -1, -1), self.labels[index]


def make_loaders(mnist: Mnist, images: int) -> DataLoaders:
    """The first `images` training images, and all test images for validation."""
    train = Digits(
        torch.tensor(mnist.train_images[:images]), torch.tensor(mnist.train_labels[:images])
    )
    test = Digits(torch.tensor(mnist.test_images), torch.tensor(mnist.test_labels))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return DataLoaders.from_dsets(train, test, bs=BATCH, num_workers=0, device=device)


def train(mnist: Mnist, images: int, run: str) -> Outcome:
    """Trains one network from the same seed as every other run."""
    set_seed(SEED)
    learn = Learner(
        make_loaders(mnist, images),
        resnet18(num_classes=10),
        loss_func=torch.nn.CrossEntropyLoss(),
        metrics=error_rate,
        cbs=ActivationHistCallback(RUNS / run, layers=LAYERS),
    )
    return fit_one_cycle(learn, run, EPOCHS, LEARNING_RATES[run], samples="images")


def main() -> int:
    """Gets the data, opens TensorBoard, trains, and serves until Ctrl-C."""
    full, serve = os.environ.get("FULL") == "1", os.environ.get("SERVE") != "0"
    data = os.environ.get("DATA")
    try:
        mnist = load_mnist(Path(data) if data else None)
    except NoMnistError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    shutil.rmtree(RUNS, ignore_errors=True)
    try:
        with tensorboard(RUNS) as address:
            print(f"\nWatch the heatmaps grow: {address}\n", flush=True)
            available = len(mnist.train_images)
            images = available if full else min(IMAGES, available)
            outcomes = [train(mnist, images, run) for run in LEARNING_RATES]
            print_outcomes("ResNet-18 on MNIST", outcomes, "error", "{:.2%}".format)
            print(WHAT_TO_SEE.format(address=address, runs=RUNS), flush=True)
            if serve:
                serve_until_interrupted(address)
    except KeyboardInterrupt:
        print(f"\nStopped. `tensorboard --logdir {RUNS}` shows the runs again.", flush=True)
    except RuntimeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
