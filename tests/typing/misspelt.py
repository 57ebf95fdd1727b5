# mypy: disallow-untyped-decorators, disallow-subclassing-any, disallow-untyped-calls
"""A public name that does not exist. Never run."""

from tb_activation_hist import ActivationHistLoger

ActivationHistLoger("model", 3.14)
