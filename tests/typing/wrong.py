# mypy: disallow-untyped-decorators, disallow-subclassing-any, disallow-untyped-calls
"""Six mistakes, each of which a type checker is to find. Never run."""

from torch import nn

from tb_activation_hist import ActivationHistLogger, probe_module

model = nn.Linear(2, 3)
ActivationHistLogger(model, 3.14)
ActivationHistLogger(model, "runs/a", evrey=2)
ActivationHistLogger(model, "runs/a", kinds="activation")
ActivationHistLogger(model, "runs/a", flush_s="soon")
ActivationHistLogger("model", "runs/a")
probe_module(model, 3)
