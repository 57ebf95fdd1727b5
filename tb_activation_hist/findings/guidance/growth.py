"""Scales that grow, spike or jump."""

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
from tb_activation_hist.findings.guidance.snippets import CLIP, INITIALISE, LOWER_RATE

LARGE_FROM_START: Final = Guidance(
    causes=(
        "weights that start too large",
        "no normalisation between the layers",
        "inputs that are not normalised",
    ),
    remedy="Initialise with a standard deviation of about sqrt(2 / fan_in), normalise the inputs, "
    "add normalisation.",
    code=INITIALISE,
    check=(
        "Before the first step, compare the standard deviation of the weights of <layer> with "
        "sqrt(2 / fan_in)."
    ),
)

GROWS_SOON: Final = Guidance(
    causes=(
        "a learning rate that is too high",
        "a loss with the wrong sign, so that it is maximised",
        "no normalisation, or weights that start too large",
    ),
    remedy="Lower the rate to a tenth or warm it up, clip the gradients, and check the sign of "
    "the loss.",
    code=f"{LOWER_RATE}\n{CLIP}",
    check=(
        "Check whether the loss falls in the first steps; with the wrong sign, it never does. "
        "Train 100 steps with a tenth of the rate."
    ),
)

GROWS_LATER: Final = Guidance(
    causes=(
        "a learning rate that rises or jumps at this step",
        "single bad batches whose gradients are not clipped",
        "a rate that is too high for this stage of the training",
    ),
    remedy="Look at the learning rate and the batch of this step. Clip the gradients, lower the "
    "rate or warm it up for longer.",
    code=f"{CLIP}\n{LOWER_RATE}",
    check=(
        "Log the loss and the rate at each step (logger.step(loss=loss, lr=lr)) and compare "
        "them around step <step>."
    ),
)

LARGE_LOSS: Final = 30.0
"""First loss above which the targets are far from the outputs, or the loss is a sum: that of
guessing among a million classes is 14."""

FAR_TARGETS: Final = Guidance(
    causes=(
        "targets or rewards that are far larger than the outputs, so that the first loss is large",
        "a loss that is summed over the batch, not averaged",
        "a learning rate that is too high",
    ),
    remedy="Scale targets and rewards to a standard deviation of about 1, and average the loss "
    "over the batch.",
    code="print(loss.item(), targets.double().std(), outputs.double().std())",
    check="Run the code in the first step: targets and outputs should vary about alike, and the "
    "loss should not depend on the size of the batch.",
)

GRADIENTS_GROW: Final = Guidance(
    causes=(
        "a discriminator that wins against its generator",
        "a learning rate that is too high",
        "a division by, or a logarithm of, a value that approaches 0",
    ),
    remedy="Lower the discriminator's rate or train it less often, smooth its labels, and clip the "
    "gradients.",
    code=CLIP,
    check=(
        "Compare the losses of both networks around step <step>; without a second network, look "
        "for a divisor that approaches 0."
    ),
)

LARGE_EMBEDDING: Final = Guidance(
    causes=(
        "an embedding that is initialised too large, or multiplied by sqrt(d) once too often",
        "pretrained vectors that were not scaled",
    ),
    remedy="Initialise it with a standard deviation of 0.02 to 1, or put a norm after it.",
    code="torch.nn.init.normal_(embedding.weight, std=0.02)",
    check="Print the standard deviation of the weights of <layer> before the first step.",
)

LARGE_LOGITS: Final = Guidance(
    causes=(
        "an embedding with the usual N(0, 1) whose weights are also those of the last layer",
        "a last layer that is initialised too large",
        "inputs that are not normalised",
    ),
    remedy="Initialise the last layer, or the embedding that shares its weights, with a standard "
    "deviation of 0.02. The first loss should be near log(number of classes).",
    code="torch.nn.init.normal_(model.<layer>.weight, std=0.02)",
    check="Print the loss before the first step beside math.log(number of classes).",
)

FAR_LOGITS: Final = Guidance(
    causes=(
        "sums over neighbours of a graph, step after step, that are not divided by their degrees",
        "a factor behind the last layer that is far too large, or divided by a tiny number",
        "products with inputs that are not normalised",
    ),
    remedy="Keep the scale behind the last layer: average over neighbours, or divide by the square "
    "roots of both degrees. The first loss should be near log(number of classes).",
    code="adjacency = adjacency / adjacency.sum(-1, keepdim=True).clamp(min=1)",
    check="Print the standard deviation of the outputs of <layer> and of the model: both should be "
    "about 1 before the first step.",
)

EXPLODING: Final[tuple[Pattern, ...]] = (
    (exceeds("gradient"), GRADIENTS_GROW),
    (exceeds("large_logits"), LARGE_LOGITS),
    (exceeds("far_logits"), FAR_LOGITS),
    (lambda case: case.exceeds("depth") and case.is_embedding, LARGE_EMBEDDING),
    (exceeds("depth"), LARGE_FROM_START),
    (exceeds("first_weights"), LARGE_FROM_START),
    (exceeds("start"), LARGE_EMBEDDING),
    (lambda case: case.network.first_loss >= LARGE_LOSS, FAR_TARGETS),
    (lambda case: _is_early(case), GROWS_SOON),
    (always, GROWS_LATER),
)


def _is_early(case: Case) -> bool:
    """In the first steps, or in the first twentieth of what the finding spans.

    No other length is known.
    """
    return case.from_start or case.finding.first_step <= max(case.finding.last_step / 20, 20)


SPIKES: Final = Guidance(
    causes=(
        "a learning rate on the edge of divergence",
        "single bad batches",
        "Adam's second moment, which lags behind gradients that jump",
    ),
    remedy="Lower the rate or warm it up, clip the gradients, and look at the batches of these "
    "steps. For Adam, lower beta2 to 0.95.",
    code=f"{CLIP}\n{LOWER_RATE}",
    check=(
        "Check whether the peaks fall on the same batches in each epoch. If so, the cause is "
        "the data."
    ),
)

LOW_SWINGS: Final = Guidance(
    causes=(
        "outputs that depend on the batch more than on the network, as those of a last layer",
        "units that die and recover in a part that the network does without",
    ),
    remedy="The scale never rises far above that of the start, or the loss falls on: nothing may "
    "be wrong. Larger batches or a lower rate make it steadier.",
    code="",
    check="Look at the loss around step <step>: if it does not rise with the scale, no harm is "
    "done.",
)

SPIKE_AND_CRASH: Final[tuple[Pattern, ...]] = ((is_info, LOW_SWINGS), (always, SPIKES))

JUMP: Final = Guidance(
    causes=(
        "a jump of the learning rate, for example by a scheduler",
        "other data or augmentation from this step on",
        "layers that were unfrozen, loaded or set to another mode",
    ),
    remedy=(
        "Look at what the training script does at step <step>. If that is intended, nothing is "
        "wrong."
    ),
    code="logger.step(loss=loss, lr=scheduler.get_last_lr()[0])",
    check=(
        "Compare the loss and the learning rate around step <step>. If both are unchanged, look "
        "at the inputs of these steps."
    ),
)

BACK_AT_START: Final = Guidance(
    causes=(
        "load_state_dict() of a checkpoint from before the training, such as the first one",
        "a checkpoint that was loaded with strict=False and fits no name, into a model made anew",
        "a new fold or trial that begins with the same weights, which may be meant",
    ),
    remedy="Load the newest checkpoint, with strict=True. For a new trial, use a new logger.",
    code="missing, unexpected = model.load_state_dict(state, strict=False)\n"
    "print(missing, unexpected)",
    check="Look at what the training script loads at step <step>. Both lists should be empty.",
)

OTHER_WEIGHTS: Final = Guidance(
    causes=(
        "model.apply(init) or reset_parameters() inside the loop over epochs or batches",
        "load_state_dict() of a checkpoint of another training",
        "a reset that is meant, as of the last layers in reinforcement learning",
    ),
    remedy="Initialise or load the weights once, before the training. For a new trial, use a new "
    "logger.",
    code="model.apply(init)  # before the first epoch\n"
    "for epoch in range(epochs):\n"
    "    train(model)",
    check="Look at what the training script writes to the weights before step <step>.",
)

SUDDEN_CHANGE: Final[tuple[Pattern, ...]] = (
    (exceeds("other_weights"), OTHER_WEIGHTS),
    (exceeds("start_again"), BACK_AT_START),
    (always, JUMP),
)

FEW_LARGE: Final = Guidance(
    causes=(
        "one unit or channel whose weights ran away",
        "inputs with extreme values",
        "massive activations of a large transformer, which it tolerates",
    ),
    remedy=(
        "They hurt quantisation and float16 rather than the training itself. Look at that "
        "unit, at weight decay and at normalisation."
    ),
    code='split = {"<layer>": 1}  # names the unit\n'
    "logger = ActivationHistLogger(model, logdir, split=split)",
    check="Check whether the largest value is in the same unit in each record.",
)

OUTLIER_FEATURES: Final[tuple[Pattern, ...]] = ((always, FEW_LARGE),)
