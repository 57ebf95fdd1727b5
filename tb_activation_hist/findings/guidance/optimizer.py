"""What optimizers are told to do: gradients that stay, odd settings, decay, the loss's sign."""

from __future__ import annotations

from typing import Final

from tb_activation_hist.findings.guidance.guidance import Guidance, Pattern, always, exceeds

PRINT_GROUPS: Final = (
    "for group in optimizer.param_groups:\n"
    '    print({k: v for k, v in group.items() if k != "params"})'
)

KEPT: Final = Guidance(
    causes=(
        "optimizer.zero_grad() that is never called",
        "zero_grad() of another optimizer or model",
        "zero_grad() that is only called once, before the loop",
    ),
    remedy="Each step uses the sum of all gradients so far. Call optimizer.zero_grad() after each "
    "step(), or before each backward().",
    code="optimizer.zero_grad()\nloss.backward()\noptimizer.step()",
    check="Print the norm of the gradients before each step(): it grows from step to step where "
    "they are not cleared.",
)

KEPT_GRADIENTS: Final[tuple[Pattern, ...]] = ((always, KEPT),)

MOMENTUM: Final = Guidance(
    causes=(
        "a typing error such as 0.999 for 0.9",
        "a value that was meant for Adam's beta2 or an average of the weights",
    ),
    remedy="Use a momentum of 0.9. With 0.999, the steps of a thousand batches are added up, so "
    "that the rate is in effect a thousand times as high.",
    code=PRINT_GROUPS,
    check="The code prints the settings of each group. Train 100 steps with a momentum of 0.9.",
)

SWAPPED: Final = Guidance(
    causes=(
        "SGD(parameters, 0.9, 0.01): the rate comes before the momentum",
        "a learning rate that is far too high",
    ),
    remedy="Name both: torch.optim.SGD(parameters, lr=0.01, momentum=0.9).",
    code=PRINT_GROUPS,
    check="The code prints the settings of each group. Train 100 steps with lr=0.01.",
)

BETAS: Final = Guidance(
    causes=(
        "beta1 and beta2 that were swapped",
        "a beta2 that was lowered without beta1",
    ),
    remedy="Use betas=(0.9, 0.999): the first averages the gradients, the second their squares, "
    "over a longer time.",
    code=PRINT_GROUPS,
    check="The code prints the settings of each group; the first beta is usually the smaller one.",
)

EPS: Final = Guidance(
    causes=(
        "an eps that was meant for another optimizer or framework",
        "a typing error such as 1e-1 for 1e-8",
        "gradients that are tiny, as with a loss that is divided by a large number",
    ),
    remedy="Use an eps of 1e-8: one that is far above the gradients takes the place of their size, "
    "so that steps get as many times smaller.",
    code=PRINT_GROUPS,
    check="Compare eps with p.grad.square().mean().sqrt() of some parameters.",
)

DECAY: Final = Guidance(
    causes=(
        "a typing error such as 1e-1 for 1e-4, or the rate and the decay swapped",
        "a decay that was meant for AdamW, given to SGD or to Adam, which adds it to the gradients",
        "a decay that was tuned for a far lower rate",
    ),
    remedy="Use a weight decay of 1e-4 to 1e-2 with SGD and Adam, and of 0.01 to 0.1 with AdamW "
    "at a rate of about 1e-3.",
    code=PRINT_GROUPS,
    check="Compare the size of the weights at the beginning and later: if decay outweighs the "
    "loss, they shrink steadily. Train 100 steps with a decay of 0.",
)

RAISED: Final = Guidance(
    causes=(
        "a schedule that multiplies by 10 where 0.1 was meant, as gamma=10",
        "another phase of the training with a rate that is meant for another optimizer or network",
    ),
    remedy="Give the schedule a factor below 1, and new phases a rate that is not above the one "
    "before. Go on from a checkpoint before step <step>.",
    code="print(scheduler.get_last_lr())",
    check="Log scheduler.get_last_lr() at each step. Where the jump ends a warm-up, nothing is "
    "wrong; let it rise bit by bit instead.",
)

NEGATIVE: Final = Guidance(
    causes=(
        "a schedule that falls in a line to 0 and is stepped more often than it was planned for",
        "a lambda of LambdaLR that becomes negative",
    ),
    remedy="Each step now makes the loss larger. Let the schedule end at the number of steps of "
    "the whole run, or bound it: max(0.0, 1 - step / total).",
    code="print(scheduler.last_epoch, scheduler.get_last_lr())",
    check="Compare scheduler.last_epoch with the number of steps that the schedule was given.",
)

OPTIMIZER_SETTINGS: Final[tuple[Pattern, ...]] = (
    (exceeds("negative_rate"), NEGATIVE),
    (exceeds("raised_rate"), RAISED),
    (exceeds("momentum"), MOMENTUM),
    (exceeds("swapped_rate"), SWAPPED),
    (exceeds("beta_limit"), BETAS),
    (exceeds("large_eps"), EPS),
    (always, DECAY),
)

ASCENT: Final = Guidance(
    causes=(
        "a minus in front of the loss that should not be there, or one that is missing",
        "maximize=True in the optimizer",
    ),
    remedy="Give the optimizer a loss that is lower the better the network is, with "
    "maximize=False.",
    code='print([group.get("maximize") for group in optimizer.param_groups])',
    check="Train 100 steps: the logged loss falls.",
)

RISES: Final = Guidance(
    causes=(
        "a loss with the wrong sign, or maximize=True, so that it is maximised",
        "a learning rate that is too high",
        "labels or inputs that change as the training goes on",
    ),
    remedy="Check the sign of the loss, and lower the learning rate to a tenth.",
    code='print([group.get("maximize") for group in optimizer.param_groups])',
    check="Train 100 steps with a tenth of the rate: with the wrong sign, the loss still rises.",
)

LOST: Final = Guidance(
    causes=(
        "a learning rate that is too high for where the training was, or one that was raised",
        "labels, inputs or the loss itself that changed at that step",
        "a loss whose sign was turned, or weights that were overwritten",
    ),
    remedy="Go on from a checkpoint before that step, with a lower learning rate and clipping.",
    code="torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)",
    check="Log the rate and look at a batch and its labels around that step.",
)

LOSS_RISES: Final[tuple[Pattern, ...]] = (
    (exceeds("ascent"), ASCENT),
    (exceeds("lost_share"), LOST),
    (exceeds("loss_jump"), LOST),
    (always, RISES),
)
