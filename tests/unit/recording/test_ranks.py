"""Four real ranks under torchrun: sums are exact, and no rank can make the others wait for ever."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.record_counts import RecordCounts
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.recording.rank_messages import (
    END_STEP,
    Message,
    bytes_to_message,
    end_message,
    join_messages,
    message_to_bytes,
)
from tb_activation_hist.recording.ranks import current_ranks
from tb_activation_hist.storage.logdir_histograms import read_histograms
from tests.models import assert_counted
from tests.unit.recording.rank_worker import STEPS, THINNED_STEPS

WORKER = Path(__file__).with_name("rank_worker.py")
ROOT = WORKER.parents[3]


RANKS = 4
SCENARIOS = (
    "ddp",
    "fsdp",
    "hsdp",
    "thinned",
    "ends early",
    "per_rank",
    "apart",
    "records nothing",
    "vanishes",
)


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    """All scenarios one after another in the same processes: (folder, what they printed)."""
    folder = tmp_path_factory.mktemp("ranks")
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        f"--nproc-per-node={RANKS}",
        "--standalone",
    ]
    done = subprocess.run(
        [*command, str(WORKER), str(folder), *SCENARIOS],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return folder, done.stderr


def seen_by_ranks(folder, step, ranks):
    """Per layer, what all these ranks saw in a step."""
    paths = [folder / f"seen-{rank}-{step}.npz" for rank in ranks]
    files = [np.load(path) for path in paths if path.exists()]
    return {key: np.concatenate([file[key] for file in files]) for key in files[0].files}


def assert_run(series_of, folder, ranks=range(RANKS)):
    expected = [seen_by_ranks(folder, step, ranks) for step in range(1, STEPS + 1)]
    for key in ("0", "1", "2"):
        assert series_of[key].steps.tolist() == list(range(1, STEPS + 1))
        assert_counted(series_of[key], [values[key] for values in expected])


@pytest.mark.parametrize("scenario", ["ddp", "fsdp", "hsdp"])
def test_the_sum_is_that_of_the_joined_batch(scenario, ranks):
    """Every layer's; and every parameter and gradient as if nobody had split or copied it."""
    folder = ranks[0] / scenario
    run = read_histograms(folder)["run"]
    assert_run(run, folder)
    whole = [seen_by_ranks(folder, step, [0]) for step in range(1, STEPS + 1)]
    names = {key for key in whole[0] if "weight" in key.split("/")[0]}
    assert len(names) == 8
    assert set(run) == names | {"0", "1", "2", "batch"}
    for name in names:
        assert_counted(run[name], [values[name] for values in whole])


@pytest.mark.parametrize("scenario", ["ddp", "fsdp", "hsdp"])
def test_slices_have_the_numbers_of_the_whole_tensor(scenario, ranks):
    """Of 8 and 3 rows; shards of the second have one row each, and the last rank none."""
    folder = ranks[0] / scenario
    run = read_histograms(folder)["run"]
    for step in range(1, STEPS + 1):
        outputs = seen_by_ranks(folder, step, range(RANKS))["0"].reshape(-1, 8).T
        assert_slices(run["0"], step, outputs)
        whole = seen_by_ranks(folder, step, [0])
        for name, rows in (("0.weight", 8), ("2.weight", 3)):
            for kind in ("weights", "weight_gradients"):
                key = f"{kind}/{name}"
                assert_slices(run[key], step, whole[key].reshape(rows, -1))


@pytest.mark.parametrize(("scenario", "share"), [("ddp", 1), ("fsdp", 1 / RANKS)])
def test_sizes_are_those_of_rank_0(scenario, share, ranks):
    """Of whole parameters, or of its shards."""
    folder = ranks[0] / scenario
    sizes = read_histograms(folder)["run"].measured_sizes
    for name, numel in (("0.weight", 32), ("0.bias", 8)):
        own = sizes[name]
        assert own.weights.steps.tolist() == [0, 1, 2, 3, STEPS]
        assert own.gradients.steps.tolist() == own.updates.steps.tolist() == [1, 2, 3]
        for kind in own.kinds.values():
            assert set(kind.n.tolist()) == {numel * share}
        assert own.optimized is True
        if scenario == "ddp":
            seen = [seen_by_ranks(folder, step, [0]) for step in (1, 2, 3)]
            for kind, series in (
                ("weights", own.weights.take([1, 2, 3])),
                ("weight_gradients", own.gradients),
            ):
                expected = [np.sqrt(np.mean(values[f"{kind}/{name}"] ** 2)) for values in seen]
                np.testing.assert_allclose(series.rms, expected, rtol=1e-5)


def assert_slices(series, step, rows):
    slices = series.slices
    assert slices.n[step - 1].tolist() == [rows.shape[1]] * len(rows)
    assert slices.zeros[step - 1].tolist() == (rows == 0).sum(1).tolist()
    np.testing.assert_allclose(slices.max[step - 1], rows.max(1), rtol=0.05)
    np.testing.assert_allclose(slices.min[step - 1], rows.min(1), rtol=0.05)


def test_ranks_over_the_budget_are_thinned_by_rank_0_and_still_added_up(ranks):
    folder, said = ranks
    run = read_histograms(folder / "thinned")["run"]
    steps = run["0"].steps.tolist()
    assert 16 <= len(steps) < THINNED_STEPS
    assert run.info["cadence"].endswith("to stay under the time budget")
    expected = [seen_by_ranks(folder / "thinned", step, range(RANKS)) for step in steps]
    for key in ("0", "1", "2"):
        assert_counted(run[key], [values[key] for values in expected])
    assert said.count("overhead_budget=1e-06") == 1


def test_a_rank_that_ends_early_is_waited_for_no_longer(ranks):
    assert_run(read_histograms(ranks[0] / "ends early")["run"], ranks[0] / "ends early")


@pytest.mark.parametrize("scenario", ["records nothing", "vanishes"])
def test_a_rank_that_sends_nothing_is_left_out(scenario, ranks):
    folder, said = ranks
    run = read_histograms(folder / scenario)["run"]
    assert run["0"].steps.tolist() == list(range(1, STEPS + 1))
    assert "Rank 1 sent no counts for 3 s" in said
    if scenario == "records nothing":
        assert_run(run, folder / scenario, ranks=(0, 2, 3))


def test_per_rank_writes_a_run_for_each(ranks):
    runs = read_histograms(ranks[0] / "per_rank")
    for rank in range(RANKS):
        assert_run(runs[f"run/rank{rank}"], ranks[0] / "per_rank", ranks=(rank,))


def test_without_merging_rank_0_writes_its_own(ranks):
    runs = read_histograms(ranks[0] / "apart")
    assert list(runs) == ["run"]
    assert_run(runs["run"], ranks[0] / "apart", ranks=(0,))


def test_without_a_process_group_there_is_one_rank():
    assert current_ranks() == (0, 1)


def counts_of(*rows):
    """RecordCounts from {bin: count} for each row."""
    totals = np.zeros((len(rows), 5), np.int64)
    totals[:, 0] = [sum(row.values()) for row in rows]
    return RecordCounts(
        FLOAT_BITS,
        offsets=np.cumsum([0, *map(len, rows)]),
        bins=np.array([number for row in rows for number in sorted(row)], np.int64),
        counts=np.array([row[number] for row in rows for number in sorted(row)], np.int64),
        totals=totals,
        moments=np.tile([1.0, 2.0, 3.0, 4.0], (len(rows), 1)),
    )


@pytest.mark.parametrize("scheme", [FLOAT_BITS, LinearBins(8, 0, 1)], ids=["bits", "linear"])
def test_messages_survive_the_way(scheme):
    counts = replace(counts_of({-3: 2**40, 7: 1}, {}, {4079: 5}), scheme=scheme)
    infos = [LayerInfo(layer=name, shape=(2, 3), scheme=scheme) for name in ("a", "b/0", "ü")]
    back = bytes_to_message(message_to_bytes(Message(12, infos, counts)))
    assert (back.step, back.layers, back.counts.scheme) == (12, infos, scheme)
    for name in ("offsets", "bins", "counts", "totals", "moments"):
        got, sent = getattr(back.counts, name), getattr(counts, name)
        assert got.dtype == sent.dtype
        np.testing.assert_array_equal(got, sent)


def test_the_last_message_survives_the_way():
    back = bytes_to_message(message_to_bytes(end_message()))
    assert (back.step, list(back.layers), len(back.counts)) == (END_STEP, [], 0)


def test_ranks_that_saw_layers_in_another_order_are_added_by_name():
    a, b, c = (LayerInfo(layer=name) for name in "abc")
    one = Message(1, [a, b], counts_of({-1: 1, 5: 2}, {9: 3}))
    other = Message(1, [c, a], counts_of({4: 4}, {5: 6}))
    infos, joined = join_messages([one, other])
    assert infos == [a, b, c]
    assert joined.offsets.tolist() == [0, 2, 3, 4]
    assert joined.bins.tolist() == [-1, 5, 9, 4]
    assert joined.counts.tolist() == [1, 8, 3, 4]
    assert joined.n.tolist() == [9, 3, 4]
    assert joined.moments.tolist() == [[1, 2, 6, 8], [1, 2, 3, 4], [1, 2, 3, 4]]


def test_torch_has_what_the_mailbox_needs():
    store = torch.distributed.HashStore()
    store.set("key", "value")
    assert store.check(["key"])
    assert store.delete_key("key")
