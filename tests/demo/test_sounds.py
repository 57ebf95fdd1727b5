"""Mixing, spectrograms and the Kaggle 2019 layout, on made-up sounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from demo import audio, sounds
from demo.downloads import SourceError
from demo.spectrograms import CLIP_SAMPLES, MELS, RATE_HZ, log_mels, mel_filters, resample


def tone(hz: float, rate_hz: int, seconds: float) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(int(rate_hz * seconds)) / rate_hz).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100, 96_000])
def test_resampling_keeps_a_tone(rate_hz: int) -> None:
    resampled = resample(tone(1000, rate_hz, 1.0), rate_hz)
    assert resampled.shape == (RATE_HZ,)
    np.testing.assert_allclose(resampled, tone(1000, RATE_HZ, 1.0), atol=1e-3)


def test_resampling_folds_nothing_back() -> None:
    assert np.abs(resample(tone(15_000, 44_100, 1.0), 44_100)).max() < 1e-3


def test_pitch_shift_changes_pitch_and_length() -> None:
    higher = sounds.shift_pitch(tone(1000, RATE_HZ, 1.0), 12)
    np.testing.assert_allclose(higher, tone(2000, RATE_HZ, 0.5), atol=1e-3)
    assert len(sounds.shift_pitch(higher, 0)) == len(higher)


def test_louder_is_higher_at_the_right_mel() -> None:
    clips = torch.from_numpy(np.stack([tone(hz, RATE_HZ, 2.0) for hz in (200, 1000, 5000)]))
    pictures = log_mels(clips)
    assert pictures.shape == (3, MELS, 65)
    peaks = pictures.mean(2).argmax(1)
    assert peaks[0] < peaks[1] < peaks[2]
    centre_hz = torch.linspace(0, RATE_HZ / 2, mel_filters().shape[1])[mel_filters().argmax(1)]
    assert abs(float(centre_hz[peaks[1]]) - 1000) < 60
    assert pictures.mean((1, 2)).abs().max() < 1e-5


def test_silence_has_a_picture() -> None:
    assert torch.isfinite(log_mels(torch.zeros(1, CLIP_SAMPLES))).all()


def test_mixes_hold_one_to_three_kinds() -> None:
    kinds = {
        f"kind {i}": [tone(200 * 2**i, RATE_HZ, seconds) for seconds in (0.1, 3.0)]
        for i in range(5)
    }
    part = sounds.mix_clips(kinds, 60, np.random.default_rng(0))
    assert part.pictures.shape == (60, MELS, 65)
    assert set(part.tags.sum(1).tolist()) == {1.0, 2.0, 3.0}


def test_no_sound_is_in_both_parts() -> None:
    names = [np.full(1, number, np.float32) for number in range(11)]
    train = {int(sound[0]) for sound in sounds.leave_out(names, sounds.VALID_EVERY)}
    valid = {int(sound[0]) for sound in names[:: sounds.VALID_EVERY]}
    assert train.isdisjoint(valid)
    assert train | valid == set(range(11))


@pytest.fixture
def kaggle(tmp_path: Path) -> Path:
    rows = ["fname,labels"]
    (tmp_path / "train_curated").mkdir()
    for number in range(20):
        name = f"{number:03}.wav"
        soundfile.write(
            tmp_path / "train_curated" / name, tone(300, 44_100, 0.2 + number / 8), 44_100
        )
        rows.append(f'{name},"Bark,Purr"' if number % 2 else f"{name},Bark")
    (tmp_path / "train_curated.csv").write_text("\n".join(rows))
    return tmp_path


def test_kaggle_layout_is_read(kaggle: Path) -> None:
    found = sounds.freesound_2019(kaggle)
    assert found.tags == ("Bark", "Purr")
    assert (len(found.train.tags), len(found.valid.tags)) == (18, 2)
    assert found.train.tags.sum(0).tolist() == [18.0, 10.0]


def test_kaggle_layout_without_its_parts_is_refused(kaggle: Path) -> None:
    (kaggle / "train_curated" / "003.wav").unlink()
    with pytest.raises(SourceError, match=r"1 of 20 wav files are missing, as 003\.wav"):
        sounds.freesound_2019(kaggle)
    (kaggle / "train_curated.csv").unlink()
    with pytest.raises(SourceError, match="is missing: name the folder"):
        sounds.freesound_2019(kaggle)


def test_loudest_part_is_found() -> None:
    sound = np.zeros(6 * RATE_HZ, np.float32)
    sound[4 * RATE_HZ : 5 * RATE_HZ] = 1
    assert sounds.loudest_part(sound).sum() == RATE_HZ
    assert len(sounds.loudest_part(sound[:100])) == CLIP_SAMPLES


def test_f_score_is_micro_f1() -> None:
    tags = torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    logits = torch.tensor([[9.0, 9.0, -9.0], [-9.0, -9.0, 9.0]])
    assert audio.f_score(logits, tags) == pytest.approx(2 / 3)
    assert audio.f_score(torch.full((2, 3), -9.0), tags) == 0


def test_slice_gives_early_layers_the_lowest_rate() -> None:
    model = audio.resnet18(num_classes=3)
    early, late, head = audio.split_layers(model)
    assert any(each is model.conv1.weight for each in early)
    assert any(each is model.layer4[1].conv2.weight for each in late)
    assert [len(each.shape) for each in head] == [2, 1]
    assert len(early) + len(late) + len(head) == len(list(model.parameters()))
