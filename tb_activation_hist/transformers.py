"""`ActivationHistCallback` for a transformers ``Trainer``."""

from tb_activation_hist.callbacks.transformers import ActivationHistCallback

__all__ = ["ActivationHistCallback"]
