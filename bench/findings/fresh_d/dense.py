"""Networks that say where things are in a picture."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_d import data
from bench.findings.wide.training import Batch, Task, learn, logits_of


def _double(given: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(given, width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.Conv2d(width, width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    )


class DiceUnet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2, self.bottom = _double(1, 10), _double(10, 16), _double(16, 24)
        self.up2, self.up1 = nn.ConvTranspose2d(24, 16, 2, 2), nn.ConvTranspose2d(16, 10, 2, 2)
        self.join2, self.join1 = _double(32, 16), _double(20, 10)
        self.out = nn.Conv2d(10, 1, 1)

    def forward(self, given: Tensor) -> Tensor:
        first = self.down1(given)
        second = self.down2(functional.max_pool2d(first, 2))
        lowest = self.bottom(functional.max_pool2d(second, 2))
        hidden = self.join2(torch.cat([second, self.up2(lowest)], 1))
        return self.out(self.join1(torch.cat([first, self.up1(hidden)], 1)))[:, 0]


def dice_loss(logits: Tensor, wanted: Tensor) -> Tensor:
    """Half by pixel, half by what is covered."""
    share = logits.sigmoid()
    both, either = (share * wanted).sum((1, 2)), (share + wanted).sum((1, 2))
    dice = 1 - (2 * both + 1) / (either + 1)
    return functional.binary_cross_entropy_with_logits(logits, wanted) + dice.mean()


def dice_unet() -> Task:
    model = DiceUnet()

    def loss(batch: Batch) -> Tensor:
        return dice_loss(model(batch[0]).float(), batch[1])

    parts = {"first": "down1.0", "middle": "down2", "bottom": "bottom", "head": "out"}
    parts |= {"trunk": "down1 down2 bottom"}
    return learn(model, loss, data.cells()[:2], 12, parts=parts)


def segformer() -> Task:
    """transformers': overlapping patches, a decoder of layers for points alone."""
    from transformers import SegformerConfig, SegformerForSemanticSegmentation

    config = SegformerConfig(
        num_channels=1,
        num_encoder_blocks=2,
        depths=[1, 1],
        sr_ratios=[2, 1],
        hidden_sizes=[16, 24],
        patch_sizes=[3, 3],
        strides=[2, 2],
        num_attention_heads=[2, 2],
        mlp_ratios=[2, 2],
        decoder_hidden_size=24,
        num_labels=3,
    )
    model = SegformerForSemanticSegmentation(config)
    weights = torch.tensor([0.5, 1.0, 1.0])

    def loss(batch: Batch) -> Tensor:
        logits = logits_of(model(batch[0])).float()
        large = functional.interpolate(logits, (24, 24), mode="bilinear")
        return functional.cross_entropy(large, batch[1], weights)

    pictures, _, kinds = data.cells()
    parts = {"trunk": "segformer", "middle": "segformer.stages.1"}
    parts |= {"head": "decode_head.classifier", "first": "segformer.stages.0.patch_embeddings.proj"}
    return learn(model, loss, (pictures, kinds), 12, parts=parts)


class Detr(nn.Module):
    """Queries that look at the cells of a picture; each says one object, or none."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
        )
        self.places = nn.Parameter(torch.randn(25, 32) * 0.5)
        self.queries = nn.Embedding(5, 32)
        layer = nn.TransformerDecoderLayer(32, 4, 64, 0.0, batch_first=True, norm_first=True)
        self.decoder = nn.TransformerDecoder(layer, 2, nn.LayerNorm(32))
        self.kinds, self.boxes = nn.Linear(32, 3), nn.Linear(32, 4)

    def forward(self, given: Tensor) -> tuple[Tensor, Tensor]:
        cells = self.backbone(given).flatten(2).transpose(1, 2) + self.places
        queries = self.queries.weight.expand(len(given), -1, -1)
        hidden = self.decoder(queries, cells)
        return self.kinds(hidden).float(), self.boxes(hidden).float().sigmoid()


def match_loss(kinds: Tensor, boxes: Tensor, batch: Batch) -> Tensor:
    """Of the cheapest pairs of queries and objects, as the Hungarian method finds them."""
    from scipy.optimize import linear_sum_assignment

    chances = kinds.detach().softmax(2)
    wanted = torch.full(kinds.shape[:2], 2)
    far: list[Tensor] = []
    for row, (own_boxes, own_kinds) in enumerate(zip(batch[1], batch[2], strict=True)):
        there = own_kinds < 2
        apart = torch.cdist(boxes[row], own_boxes[there], p=1)
        cost = (5 * apart.detach() - chances[row][:, own_kinds[there]]).nan_to_num(1e3)
        first, second = (torch.from_numpy(each) for each in linear_sum_assignment(cost.numpy()))
        wanted[row, first] = own_kinds[there][second]
        far.append(apart[first, second])
    weights = torch.tensor([1.0, 1.0, 0.3])
    said = functional.cross_entropy(kinds.flatten(0, 1), wanted.flatten(), weights)
    return said + 2 * torch.cat(far).mean()


def detr() -> Task:
    model = Detr()

    def loss(batch: Batch) -> Tensor:
        return match_loss(*model(batch[0]), batch)

    parts = {"first": "backbone.0", "embedding": "queries", "middle": "decoder.layers.0"}
    parts |= {"head": "kinds", "trunk": "backbone", "boxes": "boxes"}
    return learn(model, loss, data.objects(), 16, parts=parts)
