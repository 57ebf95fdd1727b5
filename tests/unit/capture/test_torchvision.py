"""All of torchvision's classification, segmentation and detection models: one training step each.

Every recorded layer is compared with counts computed apart from the raw outputs.
"""

from __future__ import annotations

import functools
import os

import pytest
import torch
import torchvision
from torchvision.models import detection, segmentation

from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.models import Tap, assert_counted

# Same modules as their smaller siblings, minutes on two cores: run with ALL_MODELS=1.
HUGE = {
    "convnext_base", "convnext_large", "densenet161", "densenet169", "densenet201",
    "efficientnet_b3", "efficientnet_b4", "efficientnet_b5", "efficientnet_b6",
    "efficientnet_b7", "efficientnet_v2_l", "efficientnet_v2_m", "regnet_x_16gf",
    "regnet_x_32gf", "regnet_x_3_2gf", "regnet_x_8gf", "regnet_y_128gf", "regnet_y_16gf",
    "regnet_y_32gf", "regnet_y_3_2gf", "regnet_y_8gf", "resnet101", "resnet152",
    "resnext101_32x8d", "resnext101_64x4d", "swin_b", "swin_s", "swin_v2_b", "swin_v2_s",
    "convnext_small", "maxvit_t", "vgg13_bn", "deeplabv3_resnet101", "fcn_resnet101",
    "fasterrcnn_resnet50_fpn_v2", "keypointrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn_v2",
    "vgg11", "vgg13", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn", "vit_b_32", "vit_h_14",
    "vit_l_16", "vit_l_32", "wide_resnet101_2", "wide_resnet50_2", "resnext50_32x4d",
    "efficientnet_b1", "efficientnet_b2", "mnasnet0_75", "mnasnet1_0", "mnasnet1_3", "resnet34",
    "regnet_x_1_6gf", "regnet_x_800mf", "regnet_y_1_6gf", "regnet_y_800mf", "shufflenet_v2_x1_0",
    "shufflenet_v2_x1_5", "shufflenet_v2_x2_0", "vgg11_bn", "ssd300_vgg16",
    "fasterrcnn_mobilenet_v3_large_fpn",
}  # fmt: skip
SIZES = {"inception_v3": 96, "maxvit_t": 224, "vit_h_14": 28, "alexnet": 64}
"""Pixels that a classification model needs at least; 32 where it is not named."""


def models(module):
    """Names of a module's models, without the huge ones unless they are asked for."""
    names = torchvision.models.list_models(module=module)
    return [name for name in names if name not in HUGE or os.environ.get("ALL_MODELS")]


@pytest.fixture(autouse=True)
def one_thread():
    """Small tensors: threads would only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def compare(model, run):
    tap, writer = Tap(model), MemoryWriter()
    with ActivationHistLogger(model, writer, on_error="raise") as hist:
        model.train()
        loss = run(model)
        loss.backward()
        hist.step()
    expected = tap.take()
    recorded = writer.histograms
    assert set(recorded) == {key for key, values in expected.items() if values.size}
    for key, series in recorded.items():
        assert_counted(series, [expected[key]])
    assert len(recorded) > 5


def total(value):
    if isinstance(value, torch.Tensor):
        return value.sum()
    return sum(total(part) for part in (value.values() if isinstance(value, dict) else value))


@pytest.mark.filterwarnings("ignore::tb_activation_hist.core.errors.ActivationHistWarning")
@pytest.mark.filterwarnings("ignore:The default weight initialization")
@pytest.mark.parametrize("name", models(torchvision.models))
def test_classification(name):
    torch.manual_seed(0)
    size = SIZES.get(name, 32)
    # Inception's auxiliary branch needs 299 pixels; googlenet has one that does not.
    options = {"aux_logits": False} if name == "inception_v3" else {}
    options |= {"image_size": size} if name.startswith("vit_") else {}
    model = torchvision.models.get_model(name, weights=None, num_classes=4, **options)
    compare(model, lambda m: total(m(torch.randn(2, 3, size, size))))


@pytest.mark.parametrize("name", models(segmentation))
def test_segmentation(name):
    torch.manual_seed(0)
    model = torchvision.models.get_model(name, weights=None, weights_backbone=None, num_classes=3)
    compare(model, lambda m: total(m(torch.randn(2, 3, 32, 32))))


@functools.cache
def targets():
    boxes = torch.tensor([[4.0, 4.0, 40.0, 40.0]])
    masks = torch.zeros(1, 64, 64, dtype=torch.uint8)
    keypoints = torch.tensor([[[10.0, 10.0, 1.0]] * 17])
    one = {"boxes": boxes, "labels": torch.tensor([1]), "masks": masks, "keypoints": keypoints}
    return [one, one]


@pytest.mark.filterwarnings("ignore::tb_activation_hist.core.errors.ActivationHistWarning")
@pytest.mark.parametrize("name", models(detection))
def test_detection(name):
    torch.manual_seed(0)
    options = {} if name.startswith("ssd") else {"min_size": 64, "max_size": 64}
    # The heads run as they do with the 2,000 boxes of each image that are usual.
    options |= {"rpn_post_nms_top_n_train": 50} if "rcnn" in name else {}
    classes = 2
    model = torchvision.models.get_model(
        name, weights=None, weights_backbone=None, num_classes=classes, **options
    )
    compare(model, lambda m: total(m([torch.rand(3, 64, 64)] * 2, targets())))
