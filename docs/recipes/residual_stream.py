"""The residual stream at five places of each block: where does an outlier, or a growth, come in?"""

import sys

import torch
from torch import Tensor, nn

from tb_activation_hist import ActivationHistLogger, read_histograms, record


class Block(nn.Module):
    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, 4, batch_first=True)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        record(self, resid_in=x)
        normed = self.norm1(x)
        attended, _ = self.attn(normed, normed, normed, need_weights=False)
        record(self, attn_out=attended)
        x = x + attended
        record(self, resid_mid=x)
        changed = self.mlp(self.norm2(x))
        record(self, mlp_out=changed)
        x = x + changed
        record(self, resid_out=x)
        return x


def main(logdir: str = "runs/residual_stream", steps: int = 20) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(*(Block() for _ in range(4)))
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    with ActivationHistLogger(model, logdir, layers=["*/resid_*", "*/*_out"], optimizer=optimizer):
        for _ in range(steps):
            x = torch.randn(4, 12, 32)
            loss = (model(x) - x.flip(1)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    run = next(iter(read_histograms(logdir).values()))
    for name in (each for each in run if "resid" in each or each.endswith("_out")):
        print(f"{name:14} standard deviation {run[name].std[-1]:.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
