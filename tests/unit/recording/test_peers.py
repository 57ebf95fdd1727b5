"""Thirty ways in which other tools broke (issues of their users), and the test for each here.

`BROKEN` names the tests; one test makes sure that they exist. Those that fit nowhere else follow.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from torch import nn

from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter

TESTS = Path(__file__).parents[2]

BROKEN = {
    1: ("10 MB of histograms a step kill the backend", "test_a_layer_and_record_take_few_bytes"),
    2: ("recording often slows the training", "test_records_are_thinned_to_stay_under_the_budget"),
    3: ("the default became once in 1000 steps", "test_long_runs_are_thinned_by_halves"),
    4: ("so much data that people turn it off", "test_a_million_steps_stay_near_20_000_records"),
    5: ("memory grows", "test_memory_stays_bounded_over_100_000_steps"),
    6: ("hooks pile up over reruns", "test_a_cell_is_interrupted_and_run_again"),
    7: ("watch only once per model", "test_a_cell_run_again_leaves_one_set_of_hooks"),
    8: (".item() in a hook breaks the graph", "test_one_graph_for_every_cadence_and_exact_counts"),
    9: ("recording is off under torch.compile", "test_no_cadence_makes_a_second_graph"),
    10: (
        "hooks after the first compile are ignored",
        "test_attaching_after_the_first_call_is_reported_with_the_remedy",
    ),
    11: ("no fullgraph with hooks", "test_checkpoints_inside_of_the_compiled_region_count_once"),
    12: (
        "hooks recompile until the limit",
        "test_many_blocks_compiled_one_by_one_stay_compiled",
    ),
    13: ("scaled gradients are logged", "test_parameters_their_gradients_and_updates"),
    14: (
        "gradient accumulation: what is a step",
        "test_gradient_accumulation_merges_forwards_since_the_last_step",
    ),
    15: ("the step counter moves by itself", "test_steps_can_be_numbered_by_the_caller"),
    16: ("NaN or an empty tensor ends the training", "test_no_output_ends_a_training"),
    17: ("1e28 is 'empty'", "test_no_output_ends_a_training"),
    18: ("all NaN has no range", "test_no_output_ends_a_training"),
    19: ("one NaN ruins earlier steps", "test_a_nan_leaves_the_steps_around_it_alone"),
    20: ("bfloat16 is not implemented", "test_counts_every_value"),
    21: ("CPU and CUDA count differently", "test_rows_in_the_interpreter"),
    22: ("tuples of an RNN", "test_counts_are_those_of_the_outputs"),
    23: ("out_proj never fires", "test_an_attention_uses_its_projection_without_a_warning"),
    24: ("a hook changes what is measured", "test_recording_changes_no_value"),
    25: ("an in-place ReLU overwrites", "test_leaves_the_values_and_their_graph_alone"),
    26: ("no pickle, no export while hooked", "test_learn_can_be_exported_in_the_middle_of_a_fit"),
    27: (
        "scripted and replicated models",
        "test_replicas_that_share_the_hooks_are_counted_together",
    ),
    28: ("choose only some layers", "test_selection"),
    29: ("runs side by side", "test_layers_stand_in_model_order_beside_their_runs"),
    30: ("early steps disappear", "test_new_records_appear_and_an_own_sampling_flag_wins"),
}
"""Number in the list of complaints -> (what broke elsewhere, the test here)."""


def test_each_complaint_has_a_test():
    assert list(BROKEN) == list(range(1, 31))
    written = "\n".join(path.read_text() for path in TESTS.rglob("test_*.py"))
    names = set(re.findall(r"^def (test_\w+)\(", written, re.MULTILINE))
    assert {name for _, name in BROKEN.values()} <= names


def record(model, inputs, target=None, **options):
    writer = MemoryWriter() if target is None else target
    with ActivationHistLogger(model, writer, on_error="raise", **options) as hist:
        for x in inputs:
            model(x)
            hist.step()
    return writer


def test_a_layer_and_record_take_few_bytes(tmp_path):
    """At default options, on values that no two steps share; add_histogram takes 9,936 bytes."""
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 3), nn.ReLU(),
        nn.Flatten(), nn.Linear(16 * 24 * 24, 10),
    )  # fmt: skip
    record(model, [torch.randn(16, 1, 28, 28) for _ in range(64)], tmp_path)
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert size / (7 * 64) < 700


ODD = {
    "all nan": torch.full((4,), torch.nan),
    "infinite": torch.tensor([torch.inf, -torch.inf]),
    "beyond 1e20": torch.tensor([1e28, -3e38]),
    "below 1e-12": torch.tensor([1e-30, -1e-44]),
    "one value": torch.tensor([3.0]),
    "empty": torch.zeros(0),
    "no dimension": torch.tensor(2.0),
    "bfloat16": torch.ones(3, dtype=torch.bfloat16),
}


@pytest.mark.parametrize("name", ODD)
def test_no_output_ends_a_training(name):
    writer = record(nn.Sequential(nn.Identity()), [ODD[name]] * 3)
    series = writer.histograms.get("0")
    if name == "empty":
        assert series is None
        return
    assert series.n.tolist() == [ODD[name].numel()] * 3
    finite = int(ODD[name].isfinite().sum())
    assert series.counts.sum(axis=1).tolist() == [finite] * 3


def test_a_nan_leaves_the_steps_around_it_alone():
    torch.manual_seed(0)
    inputs = [torch.randn(50) for _ in range(3)]
    plain = record(nn.Sequential(nn.Identity()), inputs).histograms["0"]
    inputs[1] = torch.cat([inputs[1], torch.tensor([torch.nan])])
    broken = record(nn.Sequential(nn.Identity()), inputs).histograms["0"]
    assert broken.nans.tolist() == [0, 1, 0]
    assert broken.bins.tolist() == plain.bins.tolist()
    assert broken.bin_counts.tolist() == plain.bin_counts.tolist()


# No step ends here, which is told; only the values matter.
@pytest.mark.filterwarnings("ignore:The model ran, but no step ended")
@pytest.mark.parametrize("training", [True, False])
def test_recording_changes_no_value(training):
    """An encoder's fast path gives way to hooks, but the outputs stay those of the model."""
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True).train(training)
    x = torch.randn(3, 5, 8)
    with torch.no_grad():
        before = layer(x)
        with ActivationHistLogger(layer, MemoryWriter(), phases=("train", "eval")):
            during = layer(x)
        after = layer(x)
    torch.testing.assert_close(during, before)
    assert torch.equal(after, before)
