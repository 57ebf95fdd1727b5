"""Histograms of every leaf module's outputs and their gradients, by the real logger, in memory."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from tb_activation_hist import ActivationHistLogger
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.storage.memory_writer import MemoryWriter

Layers = Mapping[str, tuple[LayerInfo, HistogramSeries]]


class LayerWriter(MemoryWriter):
    """Gives the layers' descriptions along with their histograms."""

    def layers(self) -> Layers:
        series = self.histograms
        infos = {info.key: info for info in self._infos.values()}
        return {infos[key].tag: (infos[key], own) for key, own in series.items()}


def record_model(model: nn.Module) -> tuple[ActivationHistLogger, LayerWriter]:
    writer = LayerWriter()
    kinds = ("activations", "gradients")
    # Units are channels after a convolution, and features elsewhere.
    dim = 1 if any(isinstance(each, nn.Conv2d) for each in model.modules()) else -1
    split = {nn.ReLU: dim} if any(isinstance(each, nn.ReLU) for each in model.modules()) else None
    logger = ActivationHistLogger(model, writer, kinds=kinds, split=split, on_error="raise")
    return logger, writer
