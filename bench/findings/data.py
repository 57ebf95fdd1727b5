"""Small real data sets as pairs of tensors, normalised: MNIST, digits, sounds."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from demo.mnist import load_mnist
from demo.sounds import KINDS, leave_out, mix_clips, read_kinds, sample_folder

MNIST_IMAGES = 4100  # not a multiple of the batch size: each epoch ends with a short batch
SOUND_CLIPS = 1000


class Data(NamedTuple):
    """inputs (N, ...) float32; targets (N,) classes, or (N, T) zeros and ones."""

    inputs: Tensor
    targets: Tensor


@cache
def load_data(name: str) -> Data:
    load = {
        "mnist": load_small_mnist,
        "mnist_pixels": load_pixels,
        "digits": load_small_digits,
        "sounds": load_sounds,
    }
    return load[name]()


def load_small_mnist() -> Data:
    mnist = load_mnist()
    images = torch.from_numpy(mnist.train_images[:MNIST_IMAGES].astype(np.float32) / 255)
    labels = torch.from_numpy(mnist.train_labels[:MNIST_IMAGES].astype(np.int64))
    return Data((images[:, None] - 0.1307) / 0.3081, labels)


def load_pixels() -> Data:
    """MNIST for an autoencoder: the targets are the pixels, from 0 to 1."""
    inputs = load_small_mnist().inputs
    return Data(inputs, (inputs * 0.3081 + 0.1307).flatten(1).clamp(0, 1))


def load_small_digits() -> Data:
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = torch.from_numpy(digits.images.astype(np.float32))
    return Data((images[:, None] - 4.9) / 6.0, torch.from_numpy(digits.target.astype(np.int64)))


def load_sounds() -> Data:
    """Log-mel spectrograms (N, 1, 32, 32) of mixed recordings, with the tags of their sounds."""
    sounds = {kind: leave_out(own, 4) for kind, own in read_kinds(sample_folder()).items()}
    part = mix_clips(sounds, SOUND_CLIPS, np.random.default_rng(0))
    pictures = torch.nn.functional.adaptive_avg_pool2d(part.pictures[:, None], (32, 32))
    return Data(pictures / pictures.std(), part.tags)


SOUND_TAGS = len(KINDS)
