"""Layers that do not learn, and runs that differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tb_activation_hist.findings.guidance.guidance import Case, Guidance, Pattern, always, exceeds
from tb_activation_hist.findings.guidance.vanishing import GRADIENTS_VANISH
from tb_activation_hist.findings.still_weights import Cause

COUNT_IN_OPTIMIZER: Final = (
    "groups = optimizer.param_groups\n"
    'own = {id(p) for group in groups for p in group["params"]}\n'
    "trained = [n for n, p in model.named_parameters() if p.requires_grad]\n"
    "print([n for n in trained if id(model.get_parameter(n)) not in own])"
)
PRINT_GRADIENTS: Final = (
    "loss.backward()\nprint([n for n, p in model.named_parameters() if p.grad is None])"
)
PRINT_LARGEST: Final = (
    "for name, p in model.named_parameters():\n"
    "    if p.grad is not None:\n        print(name, p.grad.abs().max())"
)
PRINT_MISSING: Final = "print([n for n, p in model.named_parameters() if p.grad is None])"
PRINT_RATES: Final = (
    'for group in optimizer.param_groups:\n    print(len(group["params"]), group["lr"])'
)

NEVER_STEPPED: Final = Guidance(
    causes=(
        "optimizer.step() that is never called",
        "a GradScaler that skips every step, or whose step() is never called",
        "a loop that only measures gradients, which may be meant",
    ),
    remedy="Gradients arrive, but nothing uses them. Call optimizer.step() after each "
    "loss.backward().",
    code="optimizer.zero_grad()\nloss.backward()\noptimizer.step()",
    check="Print a weight before and after optimizer.step(): it must change.",
)

OTHER_WEIGHTS: Final = Guidance(
    causes=(
        "an optimizer built from other tensors: the model was copied, moved or replaced later",
        "the optimizer of another model, whose step() is called in place of this one's",
    ),
    remedy="Gradients arrive, but the optimizer that steps does not have these weights. Build the "
    "optimizer last, from model.parameters() of the model that is trained.",
    code=COUNT_IN_OPTIMIZER,
    check="The code lists the parameters that the optimizer does not have. If it lists all of "
    "them, the optimizer was built from other tensors.",
)

SKIPPED: Final = Guidance(
    causes=(
        "a GradScaler that skips every step, as gradients are NaN or infinite at any scale",
        "a GradScaler whose update() is not called, so that its scale stays too large",
        "gradients that clipping or a check of one's own refuses",
    ),
    remedy="Look for what makes the gradients NaN or infinite, and call scaler.update() after "
    "each scaler.step(optimizer).",
    code="print(loss.item(), scaler.get_scale())  # after scaler.update()\n"
    "with torch.autograd.detect_anomaly():\n    loss.backward()",
    check="A scale that halves at each step shows that every step is skipped; one that stays "
    "where it is, that update() is not called. The error names the operation.",
)

ONE_LOSS: Final = Guidance(
    causes=(
        "a reference, teacher or target network that is the trained network itself, not a copy",
        "two terms of the loss that cancel, or a loss of values that do not depend on the batch",
        "a value that is computed once and logged at each step",
    ),
    remedy="Compare the loss of two batches by hand. A reference needs weights of its own: "
    "copy.deepcopy(model), in eval mode and without gradients.",
    code="reference = copy.deepcopy(model).eval().requires_grad_(False)",
    check="Print the terms of the loss for two batches, and whether reference is model.",
)

STRAY: Final = Guidance(
    causes=(
        "layers in a plain list or dict, not in nn.ModuleList, or made in forward()",
        "a tensor with requires_grad=True that is no nn.Parameter",
        "another model that is used in forward() and was hidden from this one on purpose",
    ),
    remedy="Make layers in __init__(), put them into nn.ModuleList or nn.ModuleDict, and tensors "
    "into nn.Parameter, before the optimizer is built. Otherwise they keep their random start, do "
    "not move with .to(device), and are missing in state_dict().",
    code="self.layers = nn.ModuleList(layers)",
    check="Print the model: of its layers, those that are named here are missing.",
)

NOTHING: Final = Guidance(
    causes=(
        "a loss that was detached or made anew, by .item(), torch.tensor() or torch.no_grad()",
        "optimizer.zero_grad() between backward() and step()",
        "learning rates that are all 0",
    ),
    remedy="The optimizer steps, but changes nothing. Keep the loss a result of the model's "
    "outputs, and clear gradients after step() or before backward().",
    code=f"# before optimizer.step()\n{PRINT_MISSING}\n{PRINT_RATES}",
    check="The code lists parameters without a gradient: where it lists all, none arrives. "
    "loss.grad_fn must lead back to the model.",
)

ALL_ZERO: Final = Guidance(
    causes=(
        "round(), argmax() or a comparison between the outputs and the loss, whose slope is 0",
        "a factor of 0 on the way to the loss, such as alpha // rank",
        "optimizer.zero_grad() between backward() and step()",
    ),
    remedy="Gradients are there, and each is exactly 0. Keep what has no slope out of the loss, "
    "and clear gradients after step() or before backward().",
    code=PRINT_LARGEST,
    check="Put the code right after loss.backward(): where it prints zeros alone, look for what "
    "multiplies by 0 between the outputs and the loss.",
)

ROUNDED: Final = Guidance(
    causes=(
        "weights kept in bfloat16 or float16, in which small updates are rounded away",
        "a learning rate that is too low for weights of so few bits",
        "parameters that are missing in the optimizer",
    ),
    remedy="Keep the weights in float32 and compute in the short format with torch.autocast, or "
    "let the optimizer keep float32 copies.",
    code="model.float()\n"
    "with torch.autocast(device_type, torch.bfloat16):\n    out = model(inputs)",
    check="Compare the size of an update with that of a weight: bfloat16 loses what is below 1/256 "
    "of it, float16 below 1/2048.",
)

TINY: Final = Guidance(
    causes=(
        "a learning rate that is far too low",
        "gradients that are clipped to almost nothing",
        "a schedule that begins at 0 and hardly rises",
    ),
    remedy="Raise the learning rate or the clipping limit.",
    code=f"{PRINT_RATES}\nparameters = model.parameters()\n"
    'print(torch.nn.utils.clip_grad_norm_(parameters, float("inf")))',
    check=(
        "The code prints the learning rates and the norm of the gradients. Put it before and after "
        "the clipping. Usual rates are about 1e-3 for Adam and 1e-2 to 1e-1 for SGD."
    ),
)

NO_GRADIENT: Final = Guidance(
    causes=(
        "detach(), .data, .item() or torch.no_grad() between <layer> and the loss",
        "outputs that the loss does not use",
    ),
    remedy=(
        "Follow the outputs of <layer> to the loss: every tensor on the way must have "
        "requires_grad=True."
    ),
    code=PRINT_GRADIENTS,
    check="The code lists the parameters that get no gradient at all; <layer> should be among "
    "them.",
)

ZERO_GRADIENT: Final = Guidance(
    causes=(
        "a ReLU after <layer> that outputs only zeros",
        "a closed gate, or a factor of 0",
    ),
    remedy="Look at what follows <layer>: something multiplies its gradient by exactly 0.",
    code=PRINT_LARGEST,
    check=(
        "Going backward from the loss, find the last layer whose gradient is not 0: what feeds "
        "it blocks the gradient."
    ),
)

NO_UPDATE: Final = Guidance(
    causes=(
        "parameters of <layer> that are missing in the optimizer",
        "a parameter group with a rate of 0",
        "with several optimizers, one whose step() is not called",
    ),
    remedy=(
        "The gradients arrive. Add the parameters to the optimizer, with a learning rate above 0."
    ),
    code=f"{COUNT_IN_OPTIMIZER}\n{PRINT_RATES}",
    check=(
        "The code first lists the parameters that the optimizer does not have, then the "
        "learning rate of each group."
    ),
)

UNKNOWN: Final = Guidance(
    causes=(
        "parameters of <layer> that are missing in the optimizer",
        "detach() or torch.no_grad(), so that no gradient reaches <layer>",
        "a parameter group with a rate of 0",
    ),
    remedy=(
        "Add the parameters to the optimizer with a learning rate above 0, and look for "
        "detach() between <layer> and the loss. If they are frozen on purpose, nothing is wrong."
    ),
    code=COUNT_IN_OPTIMIZER,
    check=(
        "Check p.grad after backward(). If it is None, no gradient arrives; otherwise, the "
        "optimizer does not use it."
    ),
)

SLOW: Final = Guidance(
    causes=(
        "a parameter group with a learning rate that is far too low",
        "discriminative rates such as slice(1e-6, 1e-2)",
    ),
    remedy="Raise the rate of these layers; without pretraining, use one rate for all layers.",
    code=PRINT_RATES,
    check=(
        "Compare the rates of the groups. The code prints the number of parameters and the rate "
        "of each."
    ),
)

STILL_OUTPUTS: Final = Guidance(
    causes=(
        "a layer that learns with unchanged distributions of its outputs, as embeddings may",
        "frozen layers, which may be intended",
        "no gradient, or a learning rate that is far too low",
    ),
    remedy='Record the kind "weights" to see whether they change.',
    code='kinds = ("activations", "weights")\n'
    "logger = ActivationHistLogger(model, logdir, kinds=kinds)",
    check="Compare the weights of <layer> before and after 100 steps.",
)


SET_BACK: Final = Guidance(
    causes=(
        "load_state_dict() of a checkpoint inside the loop",
        "an average of the weights, or another network, that is copied over the model",
        "a model that is made anew, with its seed, in each epoch",
    ),
    remedy="Load the checkpoint once, before the loop, and copy averages into a model of their "
    "own. What the optimizer has learnt since is lost each time.",
    code="before = model.state_dict()[name].clone()  # after optimizer.step()\n"
    "# before the next optimizer.step()\n"
    "print(torch.equal(before, model.state_dict()[name]))",
    check="The code prints False where something between two steps has written to the weights.",
)

AT_CHANCE: Final = Guidance(
    causes=(
        "a learning rate that is far too low, or so high that all units died at once",
        "outputs that do not depend on the input, as with dead units or weights that start at 0",
        "inputs that say nothing: constant, normalised twice, or in another order than the labels",
    ),
    remedy="Let the network learn a single batch by heart first: if it cannot, the network or the "
    "optimizer is at fault, else the data is.",
    code="x, y = next(iter(loader))\n"
    "for _ in range(100):\n    optimizer.zero_grad()\n    loss = loss_fn(model(x), y)\n"
    "    loss.backward()\n    optimizer.step()\nprint(loss)",
    check="Look at what else is reported for this run: it is more likely the cause. Compare "
    "model(x)[0] with model(x)[1]: equal outputs show that the input does not get through.",
)

HARDLY_MOVES: Final = Guidance(
    causes=(
        "a learning rate that is far too low, or swapped with the weight decay",
        "gradients that are clipped to almost nothing, or an eps that is far too large",
        "a short look at a trained network with a low rate, which may be meant",
    ),
    remedy="Raise the learning rate, to about 1e-3 for Adam and 1e-2 to 1e-1 for SGD from "
    "scratch, and a tenth of it for a trained network.",
    code=PRINT_RATES,
    check="The code prints the number of parameters and the rate of each group. A step usually "
    "changes the weights by 1e-4 to 1e-2 of their size.",
)


def _caused_by(cause: Cause) -> Callable[[Case], bool]:
    return lambda case: case.finding.figures.get("cause") == cause.value


def _is_rounded(case: Case) -> bool:
    """Whether gradients arrive, or may do, at weights in a format of few bits."""
    cause = case.finding.figures.get("cause")
    arrives = cause not in (Cause.NO_GRADIENT.value, Cause.ZERO_GRADIENT.value)
    return "weights_dtype" in case.finding.figures and arrives


def _is_error(case: Case) -> bool:
    return case.finding.severity == "error"


def _nothing_arrives(case: Case) -> bool:
    return _is_error(case) and _caused_by(Cause.NO_GRADIENT)(case)


def _all_are_zero(case: Case) -> bool:
    return _is_error(case) and _caused_by(Cause.ZERO_GRADIENT)(case)


NOT_LEARNING: Final[tuple[Pattern, ...]] = (
    (exceeds("stray"), STRAY),
    (exceeds("constant_loss"), ONE_LOSS),
    (_caused_by(Cause.BROKEN_GRADIENT), SKIPPED),
    (_caused_by(Cause.SET_BACK), SET_BACK),
    (exceeds("fading_gradients"), GRADIENTS_VANISH),
    (exceeds("chance_share"), AT_CHANCE),
    (exceeds("short_way"), HARDLY_MOVES),
    (exceeds("small_update"), HARDLY_MOVES),
    (_is_rounded, ROUNDED),
    (_caused_by(Cause.NO_STEP), NEVER_STEPPED),
    (_caused_by(Cause.OTHER_WEIGHTS), OTHER_WEIGHTS),
    (_nothing_arrives, NOTHING),
    (_all_are_zero, ALL_ZERO),
    (_is_error, TINY),
    (exceeds("slow_rate"), SLOW),
    (exceeds("still_ratio"), STILL_OUTPUTS),
    (_caused_by(Cause.NO_GRADIENT), NO_GRADIENT),
    (_caused_by(Cause.ZERO_GRADIENT), ZERO_GRADIENT),
    (_caused_by(Cause.NO_UPDATE), NO_UPDATE),
    (always, UNKNOWN),
)

ON_PURPOSE: Final = Guidance(
    causes=(),
    remedy=(
        "Nothing is wrong if this is intended, as in fine-tuning. If these layers should "
        "learn, call requires_grad_(True) on them and check that the optimizer has their "
        "parameters."
    ),
    code="",
    check="Print requires_grad of the parameters of <layer>.",
)

FROZEN: Final[tuple[Pattern, ...]] = ((always, ON_PURPOSE),)

APART: Final = Guidance(
    causes=(),
    remedy=(
        "Compare the two runs' settings (learning rate, initialisation, data, code). Start "
        "with the inputs of the first of these layers."
    ),
    code="",
    check="Train both with the same seed, and change one setting at a time.",
)

RUN_DIFFERENCE: Final[tuple[Pattern, ...]] = ((always, APART),)
