"""Scales that grow, fall or jump."""

from __future__ import annotations

from typing import Final

from tb_activation_hist.findings.guidance.guidance import (
    Case,
    Guidance,
    Pattern,
    always,
    exceeds,
    from_start,
)

CLIP: Final = "# before optimizer.step()\ntorch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)"

LOWER_RATE: Final = 'for group in optimizer.param_groups:\n    group["lr"] /= 10'

INITIALISE: Final = (
    "for module in model.modules():\n"
    "    if isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)):\n"
    "        torch.nn.init.kaiming_normal_(module.weight)"
)

PRINT_INPUTS: Final = "# about 0, 1 and 5\nprint(inputs.mean(), inputs.std(), inputs.abs().max())"

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

EXPLODING: Final[tuple[Pattern, ...]] = (
    (exceeds("gradient"), GRADIENTS_GROW),
    (lambda case: case.exceeds("depth") and case.is_embedding, LARGE_EMBEDDING),
    (exceeds("depth"), LARGE_FROM_START),
    (exceeds("first_weights"), LARGE_FROM_START),
    (exceeds("start"), LARGE_EMBEDDING),
    (lambda case: _is_early(case), GROWS_SOON),
    (always, GROWS_LATER),
)


def _is_early(case: Case) -> bool:
    """In the first steps, or in the first twentieth of what the finding spans.

    No other length is known.
    """
    return case.from_start or case.finding.first_step <= max(case.finding.last_step / 20, 20)


GRADIENTS_VANISH: Final = Guidance(
    causes=(
        "a chain of sigmoids or tanhs, each of which shrinks the gradient",
        "a deep network without normalisation or shortcuts",
        "weights that start too small",
    ),
    remedy="Use ReLU-like nonlinearities with He initialisation, add normalisation or residual "
    "connections.",
    code=INITIALISE,
    check=(
        "Compare the updates with the weights, layer by layer (kinds=('updates',)). About 1e-3 "
        "of the weights is usual; far less learns nothing."
    ),
)

INPUT_FADES: Final = Guidance(
    causes=(
        "weights that start too small, so that only the biases matter",
        "saturated or dead nonlinearities in between",
        "a deep network without normalisation or shortcuts",
    ),
    remedy="Initialise with a standard deviation of about sqrt(2 / fan_in), add normalisation or "
    "residual connections.",
    code=INITIALISE,
    check=(
        "Give the network two very different batches. If the outputs of <layer> are about "
        "equal, the input does not reach it."
    ),
)

VALUES_VANISH: Final = Guidance(
    causes=(
        "weight decay that is too strong",
        "weights that are clipped, as in a WGAN",
        "a term of the loss that pulls these outputs to 0, such as the KL term of a VAE",
    ),
    remedy="Lower the weight decay or the weight of that term, clip weights less tightly, or "
    "penalise the gradient instead.",
    code="parameters = model.parameters()\n"
    "optimizer = torch.optim.AdamW(parameters, lr=lr, weight_decay=0.01)",
    check=(
        "Record kinds=('weights',). If the weights of <layer> shrink too, the cause is decay or "
        "clipping; otherwise, it is the loss."
    ),
)

TINY_FROM_START: Final = Guidance(
    causes=(
        "weights that start far too small, or at 0",
        "an initialisation that takes a variance for a standard deviation",
    ),
    remedy="Initialise with a standard deviation of about sqrt(2 / fan_in), as torch does by "
    "itself.",
    code=INITIALISE,
    check="Print the standard deviation of the weights of <layer> beside sqrt(2 / fan_in), before "
    "the first step.",
)

SHRINKS_ALONE: Final = Guidance(
    causes=(
        "a term of the loss that draws these outputs to 0, as the KL term of a VAE does",
        "a later part of the network that does without them",
        "weight decay that is too strong for this layer",
    ),
    remedy="In a VAE the posterior collapses to the prior: raise the weight of the KL term slowly "
    "from 0, leave it some free bits, or weaken the decoder.",
    code="weight = min(1.0, step / warmup)\nloss = reconstruction + weight * kl",
    check="Write both terms of the loss with each step: the KL term is near 0 where the latent is "
    "not used.",
)

VANISHING: Final[tuple[Pattern, ...]] = (
    (exceeds("vanishing_gradient"), GRADIENTS_VANISH),
    (exceeds("vanishing_depth"), INPUT_FADES),
    (exceeds("vanishing_start"), TINY_FROM_START),
    (exceeds("vanishing_weights"), TINY_FROM_START),
    (exceeds("vanishing_beside"), SHRINKS_ALONE),
    (always, VALUES_VANISH),
)

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

SPIKE_AND_CRASH: Final[tuple[Pattern, ...]] = ((always, SPIKES),)

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

SUDDEN_CHANGE: Final[tuple[Pattern, ...]] = ((always, JUMP),)

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

ZERO_FROM_START: Final = Guidance(
    causes=(
        "weights initialised at 0, as in LoRA and in the last layers of residual branches",
        "biases far below zero before a ReLU",
        "inputs that are 0",
    ),
    remedy=(
        "If the zeros are intended, nothing is wrong as long as they do not last. Otherwise, "
        "check the initialisation and the inputs."
    ),
    code=INITIALISE,
    check=(
        "Before the first step, print the weights and biases of <layer> and of the layer before it."
    ),
)

FELL_TO_ZERO: Final = Guidance(
    causes=(
        "a learning rate that was too high at this step and killed the units before <layer>",
        "weight decay that is too strong",
        "inputs that became 0",
    ),
    remedy=(
        "Dead units do not recover: resume from a checkpoint before step <step> with a lower "
        "rate or a longer warm-up. Add normalisation."
    ),
    code=f"{CLIP}\n{LOWER_RATE}",
    check=(
        "Look at the layers before <layer> at step <step>. If they jump, the cause is the rate; "
        "if they are also 0, it is the input."
    ),
)

COLLAPSED: Final[tuple[Pattern, ...]] = ((from_start, ZERO_FROM_START), (always, FELL_TO_ZERO))

ZEROS_FROM_START: Final = Guidance(
    causes=(
        "biases far below zero",
        "inputs that are not centred",
        "weights that start with a negative mean",
    ),
    remedy="About half zeros are normal after a ReLU. Set the biases to 0, centre the inputs, or "
    "use a leaky ReLU.",
    code="torch.nn.init.zeros_(layer.bias)  # of the layer before <layer>",
    check="Look at the outputs of the layer before <layer>: their mean should be near 0.",
)

MANY_DIED: Final = Guidance(
    causes=(
        "units that died from a learning rate that was too high",
        "biases that fell far below zero",
        "inputs that became sparse",
    ),
    remedy="About half zeros are normal after a ReLU. Lower the rate or warm it up, add "
    "normalisation, or use a leaky ReLU.",
    code=LOWER_RATE,
    check='Record <layer> with split={"<layer>": 1}: it names the units that are always 0.',
)

MOSTLY_ZERO: Final[tuple[Pattern, ...]] = ((from_start, ZEROS_FROM_START), (always, MANY_DIED))

SATURATED_BY_INPUTS: Final = Guidance(
    causes=(
        "inputs that are not normalised",
        "weights that start too large",
        "a learning rate that is too high",
    ),
    remedy=(
        "At the ends of its range, a tanh or sigmoid passes hardly any gradient. Normalise the "
        "inputs to mean 0 and standard deviation 1, and reduce the initialisation."
    ),
    code=PRINT_INPUTS,
    check=(
        "Print the mean, standard deviation and largest size of a batch; about 0, 1 and 5 are "
        "usual."
    ),
)

SATURATED_LATER: Final = Guidance(
    causes=(
        "weights that grew too large",
        "a learning rate that is too high",
        "no normalisation before the nonlinearity",
    ),
    remedy=(
        "At the ends of its range, a tanh or sigmoid passes hardly any gradient. Normalise "
        "before it, lower the rate, add weight decay, or use an unbounded nonlinearity."
    ),
    code="# before <layer>\nlayer = torch.nn.Sequential(layer, torch.nn.LayerNorm(width))",
    check="Look at the layer before <layer>: outputs with a scale far above 1 saturate it.",
)

SOFTMAX_CHOOSES: Final = Guidance(
    causes=(
        "scores that are not divided by the square root of the heads' width",
        "query and key weights that start too large",
        "a temperature that is too low",
    ),
    remedy=(
        "If one value has all the weight, a softmax passes hardly any gradient. Scale the "
        "scores "
        "by 1 / sqrt(d), or normalise queries and keys."
    ),
    code="scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5",
    check=(
        "Record the scores before the softmax. A score that is 10 above the others has nearly "
        "all the weight."
    ),
)

SATURATED: Final[tuple[Pattern, ...]] = (
    (exceeds("saturated_softmax"), SOFTMAX_CHOOSES),
    (from_start, SATURATED_BY_INPUTS),
    (always, SATURATED_LATER),
)
