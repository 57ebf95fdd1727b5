"""NaN, infinite values, and dtypes that are too narrow."""

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

PARAMETER_KINDS: Final = ("weights", "updates", "optimizer_state")

MASK: Final = Guidance(
    causes=(),
    remedy="A mask filled with -inf before a softmax looks like this, and is not a problem.",
    code="",
    check="Look at the outputs of <layer>: a row that is entirely -inf gives NaN in a softmax.",
)

GROWN: Final = Guidance(
    causes=(
        "values that grew beyond the range of their dtype, as the finding before this one says",
        "a logarithm, square root or division at 0 on the way",
    ),
    remedy="Fix the growth first: NaN is where it ended.",
    code="# before optimizer.step()\ntorch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)",
    check="Compare the largest |x| of <layer> in the records before step <step> with the largest "
    "number of its dtype.",
)

OF_BATCH: Final = Guidance(
    causes=(
        "NaN or infinity in the batch of this step",
        "weights of <layer> that were not finite after the previous step",
        "a learning rate that is too high",
    ),
    remedy=(
        "Check the inputs of this step first. If they are finite, lower the learning rate or "
        "clip the gradients."
    ),
    code="if not torch.isfinite(inputs).all():  # before model(inputs)\n"
    '    raise ValueError("the batch contains NaN or infinity")',
    check="Load the batch of step <step> again and look for NaN and infinity. If "
    "there are none, look at the sizes of the weights (parameter_sizes() of the run) before it.",
)

OF_LOSS: Final = Guidance(
    causes=(
        "NaN or infinity in the targets of this step",
        "a logarithm, square root or division at 0 in the loss itself",
        "a mean over nothing, as where all targets are masked or ignored",
    ),
    remedy="The layers are finite, so look at the targets of this step and at what the loss "
    "computes, and add an epsilon.",
    code="if not torch.isfinite(loss):  # before loss.backward()\n"
    "    print(targets.isnan().any(), outputs.min(), outputs.max())",
    check="Load the batch of step <step> again and compute the loss of each sample: the one that "
    "is not finite shows the cause.",
)

OF_EARLIER_LOSS: Final = Guidance(
    causes=(
        "a loss that was NaN or infinite in an earlier step, whose gradients broke the weights",
        "a logarithm, square root or division at 0 in that loss",
        "targets that it cannot compute with, as more labels than frames in a CTC loss",
    ),
    remedy="The logged loss stopped being finite before any layer did, so look at that loss first. "
    "Skip steps whose loss is not finite.",
    code="if not torch.isfinite(loss):  # before loss.backward()\n"
    "    print(targets.isnan().any(), outputs.min(), outputs.max())",
    check="Load the batch of the first step whose logged loss is not finite, and compute the loss "
    "of each sample.",
)

OF_LAYER: Final = Guidance(
    causes=(
        "a logarithm, square root or division at 0 inside <layer>",
        "weights of <layer> that were not finite after the previous step",
        "a learning rate that is too high, so that values overflowed",
    ),
    remedy=(
        "The layers before it are finite, so look at what <layer> computes at that step and "
        "add an epsilon. Otherwise, lower the learning rate or clip the gradients."
    ),
    code="# names the operation; slow, so for a few steps\ntorch.autograd.set_detect_anomaly(True)",
    check="Run the forward pass of step <step> again and look at the input and the output of "
    "<layer>, and at the sizes of its weights before it (parameter_sizes() of the run).",
)

OF_LAYER_FP16: Final = Guidance(
    causes=(
        "overflow in float16, whose largest number is 65,504",
        "a logarithm, square root or division at 0 inside <layer>",
        "a learning rate that is too high",
    ),
    remedy=(
        "Use bfloat16, or let <layer> compute in float32. Scale the queries before the product "
        "with the keys, rather than the attention logits after it."
    ),
    code='with torch.autocast("cuda", dtype=torch.bfloat16):\n    loss = loss_of(model(inputs))',
    check=(
        "In the records before step <step>, compare the largest |x| of <layer> and of the "
        "layers before it with 65,504."
    ),
)

OF_BACKWARD: Final = Guidance(
    causes=(
        "the derivative of a square root, norm, logarithm or division at 0",
        "a loss scale that is too high for float16, which a GradScaler lowers automatically",
        "a loss that is not finite",
    ),
    remedy=(
        "The forward pass is finite. Add an epsilon inside the square root or norm. With a "
        "GradScaler, single steps like this are expected: it skips them."
    ),
    code="# names the operation; slow, so for a few steps\ntorch.autograd.set_detect_anomaly(True)",
    check=(
        "Check whether the loss of step <step> is finite. If your script uses a GradScaler, the "
        "next records are finite again."
    ),
)

OF_UPDATE: Final = Guidance(
    causes=(
        "gradients of this step that were not finite and were not skipped",
        "a division by 0 in the optimizer's step, for example with an epsilon of 0",
        "a learning rate or a checkpoint of the optimizer that is not finite",
    ),
    remedy="The outputs were finite until then, so the update broke the weights. Skip steps whose "
    "gradients are not finite.",
    code="norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n"
    "if torch.isfinite(norm):\n    optimizer.step()",
    check='Record kinds=("gradients", "weight_gradients", "updates"): the kind that is not finite '
    "first says where it began.",
)

OF_UPDATE_FP16: Final = Guidance(
    causes=(
        "Adam's epsilon of 1e-8, which becomes 0 in float16, so that 0 is divided by 0",
        "gradients of this step that overflowed and were not skipped",
        "weights kept in float16, in which updates are lost or overflow",
    ),
    remedy=(
        "Keep the weights in float32 and let autocast compute in float16, or use bfloat16. If "
        "the weights must be float16, raise the epsilon to 1e-4."
    ),
    code="model.float()\nscaler = torch.amp.GradScaler()\n"
    'with torch.autocast("cuda", dtype=torch.float16):\n    loss = loss_of(model(inputs))',
    check="Print {p.dtype for p in model.parameters()} and optimizer.defaults['eps'].",
)


def _follows_growth(case: Case) -> bool:
    return case.cause is not None and case.cause.kind in ("exploding", "spike_and_crash")


def _after_a_loss(case: Case) -> bool:
    return "loss_step" in case.finding.figures


def _in_parameters(case: Case) -> bool:
    return case.info.kind in PARAMETER_KINDS


def _in_fp16_parameters(case: Case) -> bool:
    return _in_parameters(case) and case.info.dtype == "float16"


def _in_gradients(case: Case) -> bool:
    return "gradients" in case.info.kind


def _in_front(case: Case) -> bool:
    return case.in_front or case.info.kind == "inputs"


def _in_fp16(case: Case) -> bool:
    return case.info.dtype == "float16"


def _in_half_model(case: Case) -> bool:
    """Whether the weights are kept in float16, and the first step was still finite."""
    outputs = case.info.kind == "activations"
    return outputs and not case.from_start and case.network.weights_dtype == "float16"


NON_FINITE: Final[tuple[Pattern, ...]] = (
    (is_info, MASK),
    (exceeds("loss"), OF_LOSS),
    (_follows_growth, GROWN),
    (_in_fp16_parameters, OF_UPDATE_FP16),
    (_after_a_loss, OF_EARLIER_LOSS),
    (_in_parameters, OF_UPDATE),
    (_in_gradients, OF_BACKWARD),
    (_in_half_model, OF_UPDATE_FP16),
    (_in_front, OF_BATCH),
    (_in_fp16, OF_LAYER_FP16),
    (always, OF_LAYER),
)

SMALL_GRADIENTS: Final = Guidance(
    causes=(
        "gradients too small for float16 without loss scaling",
        "a loss that is divided by a large number before backward()",
        "layers through which gradients shrink",
    ),
    remedy="Scale the loss with a GradScaler, or use bfloat16, whose range is that of float32.",
    code="scaler = torch.amp.GradScaler()\nscaler.scale(loss).backward()\n"
    "scaler.step(optimizer)\nscaler.update()",
    check="Multiply the loss by 1024 before backward() and see whether the share falls.",
)

NARROW_VALUES: Final = Guidance(
    causes=(
        "outputs that are not normalised and lie near the end of the dtype's range",
        "values far smaller than the dtype's smallest normal number",
        "weights kept in a dtype of few bits",
    ),
    remedy="Normalise before <layer>, use bfloat16, or keep this layer in float32.",
    code='with torch.autocast("cuda", enabled=False):\n    out = layer(inputs.float())',
    check=(
        "Compare the scale of <layer> with the limits of its dtype. The page draws them with "
        "the setting Number format."
    ),
)

LOW_PRECISION: Final[tuple[Pattern, ...]] = (
    (lambda case: "largest_gradient" in case.finding.figures, SMALL_GRADIENTS),
    (_in_gradients, SMALL_GRADIENTS),
    (always, NARROW_VALUES),
)
