"""Runs before TensorBoard: its policy for scripts without the `unsafe-eval` that it wants to drop."""

from tensorboard.backend import http_util

http_util._CSP_SCRIPT_UNSAFE_EVAL = False
