"""Which loss gradients are of, where logits are extreme."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tb_activation_hist.capture.loss_forms import find_form
from tb_activation_hist.core.loss_form_names import CROSS_ENTROPY


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scale", [20, 400])
def test_a_cross_entropy_of_logits_that_have_exploded_is_still_one(scale: float) -> None:
    """Its gradients are 1, -1 and 0, as if no logarithm of the probabilities were taken."""
    logits = scale * torch.randn(16, 10, generator=torch.Generator().manual_seed(0))
    logits.requires_grad_()
    F.cross_entropy(logits, logits.argmin(dim=1)).backward()
    assert logits.grad is not None
    form = find_form(logits.detach().double().numpy(), logits.grad.double().numpy())
    assert form is not None
    assert form.name == CROSS_ENTROPY


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("shape", [(16, 1), (8, 2)])
def test_numbers_of_any_size_have_no_form_and_say_nothing(shape: tuple[int, int]) -> None:
    generator = np.random.default_rng(0)
    outputs, gradients = generator.normal(size=(2, *shape)) * [[[800.0]], [[1e300]]]
    assert find_form(outputs, gradients) is None
