"""Router logits and the load of each expert in a mixture of experts."""

import sys

import torch
from torch import Tensor, nn

from tb_activation_hist import ActivationHistLogger, read_histograms, record


class Experts(nn.Module):
    """Each token goes to the two experts with the largest logits."""

    def __init__(self, width: int = 16, experts: int = 8, chosen: int = 2) -> None:
        super().__init__()
        self.chosen = chosen
        self.router = nn.Linear(width, experts, bias=False)
        self.experts = nn.ModuleList(nn.Linear(width, width) for _ in range(experts))

    def forward(self, x: Tensor) -> Tensor:
        logits = self.router(x)
        weights, index = logits.softmax(dim=-1).topk(self.chosen, dim=-1)
        tokens = torch.bincount(index.flatten(), minlength=len(self.experts))
        # Counts are integers: as shares, 1 for each expert that has its fair part.
        load = tokens * len(self.experts) / index.numel()
        record(self, logits=logits, load=load, weights=weights)
        out = torch.zeros_like(x)
        for at, expert in enumerate(self.experts):
            row, rank = (index == at).nonzero(as_tuple=True)
            out[row] += weights[row, rank, None] * expert(x[row])
        return out


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Experts() for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = x + layer(x)
        return x


def main(logdir: str = "runs/experts", steps: int = 20) -> None:
    torch.manual_seed(0)
    model = Model()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    with ActivationHistLogger(
        model,
        logdir,
        layers=["layers.*/*"],
        split={"*/load": 0},  # one series for each expert
        optimizer=optimizer,
    ):
        for _ in range(steps):
            x = torch.randn(64, 16)
            loss = (model(x) - x.roll(1, dims=-1)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    run = next(iter(read_histograms(logdir).values()))
    for name in (each for each in run if each.endswith("/load")):
        load = run[name]
        print(f"{name}: between {load.min[-1]:.2f} and {load.max[-1]:.2f} of the fair part")


if __name__ == "__main__":
    main(*sys.argv[1:])
