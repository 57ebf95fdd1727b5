"""Names of the forms of losses that are recognised by their gradients."""

from __future__ import annotations

from typing import Final

CROSS_ENTROPY: Final = "cross_entropy"
"""Form of a loss of logits, by a softmax inside it."""

SOFTENED: Final = "cross_entropy of a softmax"
"""Of logits, by a softmax before the loss and one inside it."""

SQUASHED: Final = "cross_entropy of a sigmoid"
"""Of logits, by a sigmoid before the loss and a softmax inside it."""

RECTIFIED: Final = "cross_entropy of a ReLU"
"""Of logits, by a ReLU before the loss or at the model's end."""

BARE: Final = "nll_loss of a softmax"
"""Of logits, by a softmax before the loss, but no logarithm."""

BINARY: Final = "binary_cross_entropy_with_logits"
"""Of single logits, or of one for each of several labels, by a sigmoid inside the loss."""

BINARY_SOFTENED: Final = "binary_cross_entropy_with_logits of a sigmoid"
"""Of the same, by a sigmoid before the loss and one inside it."""

BINARY_CHANCE: Final = "binary_cross_entropy"
"""Of single probabilities, or of one for each of several labels."""

BINARY_CLAMPED: Final = "binary_cross_entropy of clamped values"
"""Of single values, or of one for each of several labels, which are cut to 0 and 1."""

NEGATIVE_LIKELIHOOD: Final = "nll_loss"
"""Of logarithms of probabilities: all that the gradient says is which class is the right one."""
