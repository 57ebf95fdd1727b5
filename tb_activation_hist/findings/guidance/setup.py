"""How a training is set up: its modes, its last layer, its schedule."""

from __future__ import annotations

from typing import Final

from tb_activation_hist.findings.guidance.guidance import (
    Case,
    Guidance,
    Pattern,
    always,
    exceeds,
    is_info,
)

PRINT_MODES: Final = "print([n for n, m in model.named_modules() if not m.training])"

RESTING_PART: Final = Guidance(
    causes=(
        "eval() called on batch norms to keep their statistics, which may be intended",
        "model.eval() for a validation that is not followed by model.train()",
    ),
    remedy=(
        "In eval mode, a batch norm uses and keeps its old statistics, and dropout does "
        "nothing. If this is not intended, call model.train() before each epoch of training."
    ),
    code=PRINT_MODES,
    check="Put the code just before the forward pass: it lists the modules in eval mode.",
)

RESTING: Final = Guidance(
    causes=(
        "model.eval() for a validation that is not followed by model.train()",
        "a model that was loaded for inference, which is in eval mode",
    ),
    remedy="Call model.train() before each epoch of training. To record passes in eval mode, pass "
    'phases=("train", "eval").',
    code="model.train()",
    check="Print model.training just before the forward pass.",
)

OTHER_MODEL: Final = Guidance(
    causes=(
        "a copy of the model, which is trained instead",
        "a direct call of forward(), which does not call hooks",
        "a model that was compiled before the logger was created",
    ),
    remedy="Give the logger the model that the training calls, and create it before the first call "
    "of a compiled model.",
    code="out = model(inputs)  # not model.forward(inputs)",
    check="Print id(model) where the logger is created and where the training calls the model.",
)


def _rests(case: Case) -> bool:
    return "in eval mode" in case.finding.title


OTHER_STATISTICS: Final = Guidance(
    causes=(
        "running statistics of batch norms that lag behind: a tiny momentum, or few steps so far",
        "batches in train mode that differ from the data in eval mode, or hold a few samples",
        "statistics of other weights, loaded or averaged without them",
    ),
    remedy="Set the norms' momentum to 0.1, pass some batches in train mode before the evaluation, "
    "or use a norm over samples (LayerNorm, GroupNorm).",
    code="for m in model.modules():\n"
    "    if isinstance(m, torch.nn.modules.batchnorm._BatchNorm):\n"
    "        print(m.momentum, m.running_mean.abs().max())\n"
    "        print(m.running_var.max())",
    check="The largest running_mean and running_var should be about those of the norm's inputs.",
)

EVAL_MODE: Final[tuple[Pattern, ...]] = (
    (exceeds("eval_scale"), OTHER_STATISTICS),
    (is_info, RESTING_PART),
    (_rests, RESTING),
    (always, OTHER_MODEL),
)

SET_MOMENTUM: Final = (
    "for m in model.modules():\n"
    "    if isinstance(m, torch.nn.modules.batchnorm._BatchNorm):\n"
    "        m.momentum = 0.1"
)

FEW_VALUES: Final = Guidance(
    causes=(
        "batches of two samples, as where large ones do not fit into memory",
        "a norm behind a pooling that leaves one value of each channel of a picture",
        "a large batch that is split over many devices, each of which has its own statistics",
    ),
    remedy="Use a norm over the values of each sample, which does not depend on the batch "
    "(GroupNorm, LayerNorm), larger batches, or SyncBatchNorm. Accumulated gradients do not help: "
    "each small batch is normalised by itself.",
    code="norm = torch.nn.GroupNorm(1, channels)  # in place of <layer>",
    check="Print the outputs of <layer>: each is its bias plus or minus its weight, or nearly so.",
)

STATISTICS_STAND_STILL: Final = Guidance(
    causes=(
        "a momentum of 0, by which new batches count nothing",
        "a momentum that is meant as the share that is kept; PyTorch's is the share that is new",
    ),
    remedy="Set the momentum to 0.1, or to None for the mean over all batches. In eval mode the "
    "norm takes 0 and 1 for the mean and the variance otherwise, and the outputs are others than "
    "in training.",
    code=SET_MOMENTUM,
    check="Print running_mean of <layer> after some steps: it is still all 0.",
)

STATISTICS_FORGET: Final = Guidance(
    causes=(
        "a momentum that is meant as the share that is kept; PyTorch's is the share that is new",
        "a momentum of 1 for a pass that should refresh the statistics, left on",
    ),
    remedy="Set the momentum to 0.1, or to None for the mean over all batches. In eval mode the "
    "norm has only the statistics of the last batch otherwise, so that metrics jump from one "
    "evaluation to the next.",
    code=SET_MOMENTUM,
    check="Evaluate twice, with a training step in between: the metrics should hardly differ.",
)

NORM_OF_ONE: Final = Guidance(
    causes=(
        "nn.LayerNorm(1) behind a layer with a single output",
        "a dimension of size 1 that was added behind the features",
    ),
    remedy="Remove the norm, or let it go over the features: a single value less its mean is 0, "
    "whatever it was, so that nothing passes but the norm's bias.",
    code="nn.LayerNorm(features)  # the last dimension of what goes in",
    check="Print the shape of what goes into <layer>: its last dimension is 1.",
)

BATCH_STATISTICS: Final[tuple[Pattern, ...]] = (
    (exceeds("norm_of_one"), NORM_OF_ONE),
    (exceeds("norm_values"), FEW_VALUES),
    (exceeds("norm_standstill"), STATISTICS_STAND_STILL),
    (always, STATISTICS_FORGET),
)

DROPS: Final = Guidance(
    causes=(
        "a probability that was meant to be the share of values to keep",
        "a typing error such as 0.95 for 0.05",
    ),
    remedy="Use 0.1 to 0.5: nn.Dropout(p) drops the share p.",
    code='print([m for m in model.modules() if "Dropout" in type(m).__name__])',
    check="The code prints the dropout layers with their p. F.dropout(x, p) in forward() has its "
    "own.",
)

STRONG_DROPOUT: Final[tuple[Pattern, ...]] = ((always, DROPS),)

LAST_RELU: Final = Guidance(
    causes=(
        "a nonlinearity after the last layer, added out of habit",
        "targets that are never negative, for which it is intended",
    ),
    remedy=(
        "Logits must be able to be negative: remove the last ReLU. It passes no gradient where "
        "its output is 0."
    ),
    code="print(list(model.children())[-1])",
    check=(
        "Check whether the loss expects logits, as cross_entropy does, or values that are never "
        "negative."
    ),
)

RELU_LOGITS: Final[tuple[Pattern, ...]] = ((always, LAST_RELU),)

RATE_ENDS: Final = Guidance(
    causes=(
        "a scheduler that is stepped at each batch instead of each epoch",
        "a schedule that is shorter than the run",
        "a loss that has reached 0",
    ),
    remedy=(
        "Step the scheduler as often as its schedule expects, or give it the number of batches "
        "of the whole run."
    ),
    code="logger.step(loss=loss, lr=scheduler.get_last_lr()[0])",
    check="Look at the learning rate over the run. The code logs it next to the histograms.",
)

STOPPED_LEARNING: Final[tuple[Pattern, ...]] = ((always, RATE_ENDS),)
