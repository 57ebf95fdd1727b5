from __future__ import annotations

import math

from tb_activation_hist.core.loss_history import LossHistory


def test_a_loss_that_goes_bad_within_its_first_window_has_a_mean_by_then() -> None:
    loss = LossHistory("loss", steps=(4, 8), means=(1.0, 2.0), window=4, non_finite=2)
    assert loss.until(1).means == ()
    early = loss.until(2)
    assert early.non_finite == 2
    assert math.isnan(early.means[-1])
    assert loss.until(5).means == (1.0,)
