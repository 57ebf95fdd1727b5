"""Runs before TensorBoard: takes `unsafe-eval`, which it means to drop, out of its policy."""

from tensorboard.backend import http_util

http_util._CSP_SCRIPT_UNSAFE_EVAL = False
