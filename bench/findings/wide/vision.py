"""Networks for pictures: timm's with small configurations, a U-Net, residual nets."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.findings.models import Residual
from bench.findings.wide.data import pictures
from bench.findings.wide.training import Batch, Task, classify, learn

CLASSES = 10

PATCHES = {"img_size": 16, "patch_size": 4, "in_chans": 1, "num_classes": CLASSES, "embed_dim": 48}
"""What timm's networks of patches have in common here."""


def vit() -> Task:
    from timm.models.vision_transformer import VisionTransformer

    model = VisionTransformer(**PATCHES, depth=4, num_heads=4)
    for block in model.blocks:
        block.attn.fused_attn = False
    return classify(
        model,
        pictures(),
        embedding="patch_embed.proj",
        middle="blocks.2",
        head="head",
        trunk="blocks.0 blocks.1 blocks.2 patch_embed",
        attention="blocks.1.attn",
        scores="blocks.1.attn.qkv",
    )


def convnext() -> Task:
    from timm.models.convnext import ConvNeXt

    model = ConvNeXt(
        in_chans=1,
        num_classes=CLASSES,
        depths=(1, 2, 2, 1),
        dims=(16, 24, 32, 48),
        patch_size=2,
        kernel_sizes=3,
    )
    return classify(
        model,
        pictures(32),
        embedding="stem.0",
        middle="stages.1.blocks.0",
        head="head.fc",
        branch="stages.0",
        trunk="stem stages.0",
    )


def poolformer() -> Task:
    from functools import partial

    from timm.layers import GroupNorm1
    from timm.models.metaformer import MetaFormer, Pooling

    model = MetaFormer(
        in_chans=1,
        num_classes=CLASSES,
        depths=(1, 2, 1),
        dims=(16, 32, 48),
        token_mixers=Pooling,
        norm_layers=GroupNorm1,
        layer_scale_init_values=1e-5,
        res_scale_init_values=None,
        use_mlp_head=False,
        downsample_norm=partial(nn.Identity),
    )
    return classify(model, pictures(32), middle="stages.1.blocks.0", head="head.fc")


def cait() -> Task:
    from timm.models.cait import Cait

    model = Cait(**PATCHES, depth=4, num_heads=4, init_values=1e-5)
    return classify(
        model,
        pictures(),
        embedding="patch_embed.proj",
        middle="blocks.1",
        head="head",
        trunk="patch_embed blocks.0 blocks.1",
    )


def mixer() -> Task:
    from timm.models.mlp_mixer import MlpMixer

    model = MlpMixer(**PATCHES, num_blocks=3)
    return classify(
        model,
        pictures(),
        embedding="stem.proj",
        middle="blocks.1",
        head="head",
        trunk="stem blocks.0 blocks.1",
    )


def mobilenet() -> Task:
    from timm.models import create_model

    model = create_model("mobilenetv3_small_050", in_chans=1, num_classes=CLASSES)
    return classify(
        model, pictures(32), head="classifier", middle="blocks.3.0", trunk="conv_stem blocks"
    )


def residual_net() -> Task:
    """Residual blocks with batch norm, as ResNet has them."""
    model = nn.Sequential(
        nn.Conv2d(1, 12, 3, 1, 1, bias=False),
        nn.BatchNorm2d(12),
        nn.ReLU(),
        Residual(12, 12, 1),
        Residual(12, 24, 2),
        Residual(24, 32, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, CLASSES),
    )
    return classify(model, pictures(), embedding="0", middle="4", head="8", trunk="0 1 3 4")


def plain_cnn() -> Task:
    """Convolutions without any norm, as in first courses."""
    model = nn.Sequential(
        nn.Conv2d(1, 12, 3, 2, 1),
        nn.ReLU(),
        nn.Conv2d(12, 24, 3, 2, 1),
        nn.ReLU(),
        nn.Conv2d(24, 32, 3, 1, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(32 * 16, 64),
        nn.ReLU(),
        nn.Linear(64, CLASSES),
    )
    return classify(model, pictures(), embedding="0", middle="4", head="10", relu="9", drop="7")


def group_norm_net() -> Task:
    """Convolutions with group norm and SiLU, strided."""
    layers: list[nn.Module] = []
    for inputs, outputs in ((1, 16), (16, 24), (24, 32), (32, 32)):
        stride = 2 if outputs != 32 or inputs == 24 else 1
        layers += [nn.Conv2d(inputs, outputs, 3, stride, 1), nn.GroupNorm(4, outputs), nn.SiLU()]
    model = nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.1), nn.Linear(32, CLASSES)
    )
    return classify(model, pictures(), embedding="0", middle="6", head="15", drop="14")


class UNet(nn.Module):
    """Two levels down and up with shortcuts, batch norm."""

    def __init__(self, width: int = 12) -> None:
        super().__init__()
        self.down1, self.down2 = _double(1, width), _double(width, 2 * width)
        self.pool, self.middle = nn.MaxPool2d(2), _double(2 * width, 2 * width)
        self.lift = nn.Upsample(scale_factor=2)
        self.up2, self.up1 = _double(4 * width, width), _double(2 * width, width)
        self.out = nn.Conv2d(width, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        first = self.down1(x)
        second = self.down2(self.pool(first))
        low = self.middle(self.pool(second))
        up = self.up2(torch.cat([self.lift(low), second], 1))
        return self.out(self.up1(torch.cat([self.lift(up), first], 1)))


def _double(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def unet() -> Task:
    """Which pixels belong to the digit, under noise."""
    model, (images, _) = UNet(), pictures()

    def loss(batch: Batch) -> Tensor:
        noisy, mask = batch
        return nn.functional.binary_cross_entropy_with_logits(model(noisy).float(), mask)

    data = (images + 0.5 * torch.randn_like(images), (images > 0.3).float())
    parts = {"middle": "middle", "head": "out", "branch": "middle"}
    return learn(model, loss, data, 16, parts=parts)


def autoencoder() -> Task:
    """A convolutional autoencoder with transposed convolutions."""
    model = nn.Sequential(
        nn.Conv2d(1, 12, 3, 2, 1),
        nn.GELU(),
        nn.Conv2d(12, 16, 3, 2, 1),
        nn.GELU(),
        nn.Flatten(),
        nn.Linear(256, 24),
        nn.Linear(24, 256),
        nn.Unflatten(1, (16, 4, 4)),
        nn.ConvTranspose2d(16, 12, 2, 2),
        nn.GELU(),
        nn.ConvTranspose2d(12, 1, 2, 2),
    )
    images, _ = pictures()

    def loss(batch: Batch) -> Tensor:
        return nn.functional.mse_loss(model(batch[0]).float(), batch[0])

    parts = {"middle": "5", "embedding": "0", "head": "10"}
    return learn(model, loss, (images,), parts=parts)


def post_norm() -> Task:
    """PyTorch's encoder layers with norm after each block, on rows of pictures."""
    from bench.findings.unseen import PostNormEncoder

    model = PostNormEncoder(16, CLASSES)
    return classify(
        model, pictures(), embedding="embed", middle="layers.1", head="head", scores="embed"
    )
