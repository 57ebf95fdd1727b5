"""Runs before TensorBoard: takes `unsafe-eval`, which it means to drop, out of its policy.

With SLOWDOWN above 1 every answer also comes late, by as much as chance says.
"""

import os
import random
import time

from tensorboard.backend import http_util

http_util._CSP_SCRIPT_UNSAFE_EVAL = False

if (slowdown := int(os.environ.get("SLOWDOWN", "1"))) > 1:
    respond = http_util.Respond

    def respond_late(*args, **options):
        time.sleep(random.uniform(0, 0.1 * slowdown))
        return respond(*args, **options)

    http_util.Respond = respond_late
