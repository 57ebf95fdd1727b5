"""Which series of two recordings belong together."""

from __future__ import annotations

from tb_activation_hist.core.comparison.layer_pairs import pair_layers
from tb_activation_hist.core.comparison.recording import Recording
from tb_activation_hist.core.names import LayerInfo


def recording(*infos: LayerInfo) -> Recording:
    return Recording("run", {}, {info.key: info for info in infos})


def test_the_inputs_of_models_of_two_classes_belong_together() -> None:
    linear = LayerInfo("fc", order=1)
    a = recording(LayerInfo("Llama", "inputs"), linear)
    b = recording(LayerInfo("Ours", "inputs"), linear)
    found = pair_layers(a, b)
    assert found.pairs == [("fc", "fc"), ("inputs/Llama", "inputs/Ours")]
    assert (found.only_in_a, found.only_in_b) == ([], [])


def test_several_inputs_need_a_mapping() -> None:
    linear = LayerInfo("fc", order=1)
    a = recording(LayerInfo("Llama/ids", "inputs"), LayerInfo("Llama/mask", "inputs"), linear)
    b = recording(LayerInfo("Ours", "inputs"), linear)
    assert pair_layers(a, b).pairs == [("fc", "fc")]


def test_inputs_alone_are_no_layer_in_common() -> None:
    a = recording(LayerInfo("Llama", "inputs"), LayerInfo("h", order=1))
    b = recording(LayerInfo("Ours", "inputs"), LayerInfo("blocks", order=1))
    assert pair_layers(a, b).pairs == []
