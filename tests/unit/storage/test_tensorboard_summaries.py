"""Charts and tags for TensorBoard's own dashboards."""

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.storage.tensorboard_summaries import (
    add_layout,
    group_layers,
    summary_tag,
)


def test_layers_are_grouped_by_module_kind_and_phase():
    infos = [
        LayerInfo("fc", order=3),
        LayerInfo("layer1.conv", order=1),
        LayerInfo("layer1.relu", order=2),
        LayerInfo("layer1.conv", "gradients", order=1),
        LayerInfo("layer1.conv", phase="eval", order=1),
    ]
    groups = {title: [info.layer for info in group] for title, group in group_layers(infos).items()}
    assert groups == {
        "layer1": ["layer1.conv", "layer1.relu"],
        "model": ["fc"],
        "gradients/layer1": ["layer1.conv"],
        "eval/layer1": ["layer1.conv"],
    }


def test_layout_charts_every_layer_and_its_patterns_match_whole_tags():
    import re

    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.custom_scalar.layout_pb2 import Layout

    infos = [LayerInfo("a.b"), LayerInfo("a.bc", order=1)]
    summary = Summary()
    add_layout(summary, infos)
    layout = Layout.FromString(summary.value[0].tensor.string_val[0])
    assert [category.title for category in layout.category] == ["All layers", "a"]
    assert all(category.closed for category in layout.category), "a sweep's lines take minutes"
    margins = [c.margin for c in layout.category[1].chart if c.HasField("margin")]
    assert [m.series[0].value for m in margins] == [summary_tag("mean", info) for info in infos]
    lines = layout.category[0].chart[0].multiline.tag
    tags = [summary_tag("mean", info) for info in infos]
    assert [[bool(re.match(line, tag)) for tag in tags] for line in lines] == [
        [True, False],
        [False, True],
    ]
