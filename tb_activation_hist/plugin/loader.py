"""Entry point of the plugin.

TensorBoard imports this module unguarded, in every start of every user: it imports almost nothing,
and whatever fails later shows a tab that says what is wrong.
"""

from __future__ import annotations

import logging
import traceback
from typing import Any

from tensorboard.plugins import base_plugin

PLUGIN_NAME = "activation_hist"
"""As in names.py, which is not imported here because it needs numpy; a test holds them equal."""

SLICES_PLUGIN = "activation_hist_slices"
"""The same, for the slices of split layers."""

SIZES_PLUGIN = "activation_hist_sizes"
"""The same, for the sizes of parameters."""

KEEP_ALL = 0

logger = logging.getLogger(__name__)


class ActivationHistLoader(base_plugin.TBLoader):
    """Loads the plugin, or a stand-in that shows why the plugin could not be loaded."""

    def fix_flags(self, flags: Any) -> None:
        """Keep all blocks by default: TensorBoard would keep 100 (or 10) of an unknown plugin."""
        samples = getattr(flags, "samples_per_plugin", None)
        if isinstance(samples, dict):
            samples.setdefault(PLUGIN_NAME, KEEP_ALL)
            samples.setdefault(SLICES_PLUGIN, KEEP_ALL)
            samples.setdefault(SIZES_PLUGIN, KEEP_ALL)

    def load(self, context: Any) -> base_plugin.TBPlugin:
        """Load the plugin or its stand-in. Never raises."""
        try:
            # An ImportError is only the likeliest of all that can go wrong.
            from tb_activation_hist.plugin.routes import ActivationHistPlugin

            return ActivationHistPlugin(context)
        except Exception as err:
            logger.exception("The activation_hist plugin could not be loaded.")
            from tb_activation_hist.plugin.failure_page import FailedPlugin

            return FailedPlugin(context, err, traceback.format_exc())
