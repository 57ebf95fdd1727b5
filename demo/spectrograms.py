"""Sounds to pictures: log-mel spectrograms with torch alone."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

RATE_HZ = 16_000
CLIP_SAMPLES = 2 * RATE_HZ
MELS = 64
FFT = 1024
HOP = 500
BATCH = 256

Signal = npt.NDArray[np.float32]


def resample(signal: Signal, rate_hz: int) -> Signal:
    """Changes the sampling rate to 16 kHz by cutting or padding the Fourier spectrum.

    Band-limited, so that nothing above 8 kHz folds back into the picture.
    """
    if rate_hz == RATE_HZ or not len(signal):
        return signal
    length = max(1, round(len(signal) * RATE_HZ / rate_hz))
    resampled = np.fft.irfft(np.fft.rfft(signal)[: length // 2 + 1], length)
    return (resampled * (length / len(signal))).astype(np.float32)


def log_mels(clips: Tensor) -> Tensor:
    """Log-mel spectrograms `(N, 64, 65)` of clips `(N, 32000)`, each of mean 0 and deviation 1."""
    filters, window = mel_filters(), torch.hann_window(FFT)
    pictures = []
    for part in clips.split(BATCH):
        spectrum = torch.stft(part, FFT, HOP, window=window, return_complex=True)
        mels = filters @ spectrum.abs().square()
        # 80 dB below the loudest point is as silent as it gets, as is usual for such pictures.
        floor = mels.amax((1, 2), keepdim=True) * 1e-8 + 1e-12
        pictures.append(mels.clamp_min(floor).log10())
    joined = torch.cat(pictures)
    mean, std = joined.mean((1, 2), keepdim=True), joined.std((1, 2), keepdim=True)
    return (joined - mean) / std.clamp_min(1e-6)


def mel_filters() -> Tensor:
    """Triangles `(64, 513)`, evenly spaced on the mel scale (O'Shaughnessy's 2595 log10)."""
    top_mel = 2595 * math.log10(1 + RATE_HZ / 2 / 700)
    corners_hz = 700 * (10 ** (torch.linspace(0, top_mel, MELS + 2) / 2595) - 1)
    bins_hz = torch.linspace(0, RATE_HZ / 2, FFT // 2 + 1)
    low, middle, high = (corners_hz[i : i + MELS, None] for i in range(3))
    rising, falling = (bins_hz - low) / (middle - low), (high - bins_hz) / (high - middle)
    return torch.minimum(rising, falling).clamp_min(0)
