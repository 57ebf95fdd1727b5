"""Attention scores, the largest logit of each head, and q, k and v of a small GPT.

Run it, then ``tensorboard --logdir runs``: ``blocks.0.attn/scores`` and the others are layers.
"""

import math
import sys

import torch
from torch import Tensor, nn

from tb_activation_hist import ActivationHistLogger, read_histograms, record


class Attention(nn.Module):
    def __init__(self, width: int = 32, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        shape = (*x.shape[:2], self.heads, -1)
        q, k, v = (part.view(shape).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1))
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
        future = torch.ones_like(scores, dtype=torch.bool).triu(1)
        seen = scores[..., ~future[0, 0]]  # without the masked places, which are no logits
        record(self, q=q, k=k, v=v, scores=seen, max_logit=seen.amax(dim=-1))
        weights = scores.masked_fill(future, -math.inf).softmax(dim=-1)
        return self.proj((weights @ v).transpose(1, 2).flatten(-2))


class Block(nn.Module):
    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(width), Attention(width)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class GPT(nn.Module):
    def __init__(self, tokens: int = 64, width: int = 32, blocks: int = 2) -> None:
        super().__init__()
        self.embed = nn.Embedding(tokens, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(blocks))
        self.head = nn.Linear(width, tokens)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embed(ids)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def main(logdir: str = "runs/attention", steps: int = 20) -> None:
    torch.manual_seed(0)
    model = GPT()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    with ActivationHistLogger(
        model,
        logdir,
        layers=["*.attn/*", "blocks.*.mlp.*"],  # tensors of record, and modules
        kinds=("activations", "gradients"),
        optimizer=optimizer,
    ):
        for _ in range(steps):
            ids = torch.randint(0, 64, (4, 16))
            loss = nn.functional.cross_entropy(
                model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten()
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    run = next(iter(read_histograms(logdir).values()))
    for name in (each for each in run if each.endswith("/max_logit")):
        largest = run[name].max
        print(f"{name}: {largest[0]:.2f} at first, {largest[-1]:.2f} in the end")


if __name__ == "__main__":
    main(*sys.argv[1:])
