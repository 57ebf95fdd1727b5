"""`python -m tb_activation_hist`: the command line."""

from __future__ import annotations

import sys

from tb_activation_hist.cli import main

sys.exit(main())
