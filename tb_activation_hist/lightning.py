"""`ActivationHistCallback` for a Lightning ``Trainer``."""

from tb_activation_hist.callbacks.lightning import ActivationHistCallback

__all__ = ["ActivationHistCallback"]
