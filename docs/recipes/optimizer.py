"""What the optimizer does: Adam's moments, and the size of its updates beside the weights."""

import sys

import torch
from torch import nn

from tb_activation_hist import ActivationHistLogger, read_histograms


def main(logdir: str = "runs/optimizer", steps: int = 30) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(16, 64), nn.GELU(), nn.Linear(64, 16))
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    with ActivationHistLogger(
        model,
        logdir,
        kinds=("activations", "inputs", "updates", "optimizer_state"),
        optimizer=optimizer,
    ):
        for _ in range(steps):
            x = torch.randn(32, 16)
            loss = (model(x) - x.roll(1, dims=-1)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    run = next(iter(read_histograms(logdir).values()))
    for name in ("0.weight", "2.weight"):
        ratio = run[f"updates/{name}"].update_ratio
        step = run[f"optimizer_state/{name}/m_over_sqrt_v"]
        print(
            f"{name}: log10 of the update's size {ratio[-1]:.2f}, largest |m/√v| {step.max[-1]:.2f}"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
