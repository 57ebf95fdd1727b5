"""`ActivationHistCallback` for a fastai ``Learner``."""

from tb_activation_hist.core.errors import MissingDependencyError

try:
    from tb_activation_hist.callbacks.fastai import ActivationHistCallback
except ModuleNotFoundError as err:
    # Where fastai is missing, torch often is too; the extra brings both.
    if err.name != "torch":
        raise
    msg = "ActivationHistCallback needs fastai: pip install 'tb-activation-hist[fastai]'"
    raise MissingDependencyError(msg) from err

__all__ = ["ActivationHistCallback"]
