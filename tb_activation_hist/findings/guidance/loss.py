"""Losses that do not fit what a network gives."""

from __future__ import annotations

from typing import Final

from tb_activation_hist.findings.guidance.guidance import Case, Guidance, Pattern, always, exceeds

ONE_TARGET: Final = Guidance(
    causes=(
        "targets of shape (N,) and outputs of shape (N, 1), whose difference has the shape (N, N)",
        "targets of pictures without the channel that the outputs have",
        "batches whose samples all have the same target, as those of one episode",
    ),
    remedy="Give targets and outputs the same shape. Broadcast to (N, N), each output is held "
    "against the targets of all samples, so that the network learns their mean.",
    code="loss = loss_fn(output, target.view_as(output))",
    check="Print output.shape and target.shape just before the loss; PyTorch's MSELoss and L1Loss "
    "warn once where they differ.",
)

SOFTMAX_TWICE: Final = Guidance(
    causes=(
        "a softmax at the end of the model, and CrossEntropyLoss, which has one itself",
        "a softmax between the model and the loss",
    ),
    remedy="Give CrossEntropyLoss the logits, and use the softmax for predictions alone. Of "
    "probabilities, it can tell the classes apart by at most a factor of e, and learns slowly.",
    code="loss = F.cross_entropy(logits, target)  # no softmax before it",
    check="Print output.sum(1): with a softmax at the end of the model, it is 1.",
)

SIGMOID_TWICE: Final = Guidance(
    causes=(
        "a sigmoid at the end of the model, and BCEWithLogitsLoss, which has one itself",
        "a BCELoss that was replaced by BCEWithLogitsLoss, but not the model's end",
        "a sigmoid between the model and the loss",
    ),
    remedy="Remove the model's sigmoid, and use it for predictions alone. With both, no prediction "
    "is below 0.5.",
    code="loss = F.binary_cross_entropy_with_logits(logits, target)",
    check="Print output.min() and output.max(): logits are not confined to 0 to 1.",
)

SIGMOID_OF_CLASSES: Final = Guidance(
    causes=(
        "a sigmoid at the end of the model, and CrossEntropyLoss, which takes logits",
        "a sigmoid between the model and the loss",
        "several labels of a sample, for which BCEWithLogitsLoss is meant",
    ),
    remedy="Remove the sigmoid: CrossEntropyLoss has a softmax itself, which can tell values of 0 "
    "to 1 apart by at most a factor of e. Of several labels of a sample, use BCEWithLogitsLoss.",
    code="loss = F.cross_entropy(logits, target)  # no sigmoid before it",
    check="Print output.min() and output.max(): logits are not confined to 0 to 1.",
)

NO_LOGARITHMS: Final = Guidance(
    causes=(
        "NLLLoss of logits, instead of CrossEntropyLoss",
        "NLLLoss of a softmax, instead of a log_softmax",
    ),
    remedy="Use CrossEntropyLoss with the logits, or give NLLLoss the outputs of log_softmax. "
    "Otherwise it falls without end as the outputs grow.",
    code="loss = F.cross_entropy(logits, target)",
    check="The loss is negative, or falls below 0: a negative log-likelihood of classes cannot.",
)

OFF_TARGETS: Final = Guidance(
    causes=(
        "masks of 0 and 255 that were not divided by 255",
        "classes -1 and 1, or 1 and 2, instead of 0 and 1",
    ),
    remedy="Give BCEWithLogitsLoss and BCELoss targets of 0 to 1. With others the loss falls "
    "without end as the outputs grow.",
    code="target = (target > 0).float()\nprint(target.unique())",
    check="Print target.min() and target.max() just before the loss.",
)

RAW_OVERLAP: Final = Guidance(
    causes=(
        "a Dice, Jaccard or Tversky loss of logits, without a sigmoid",
        "a model that ended in a sigmoid before, and gives logits now",
    ),
    remedy="Put a sigmoid (of several kinds a softmax) in front of the loss: of values beyond 0 to "
    "1 an overlap has no bounds, so that the loss falls without end, or jumps where the sum of the "
    "values comes near 0.",
    code="loss = dice_loss(output.sigmoid(), mask)",
    check="Print what goes into the loss: min() and max() lie within 0 and 1.",
)

FAR_TARGETS: Final = Guidance(
    causes=(
        "targets of a regression in their own units, such as prices, pixels or seconds",
        "targets that were scaled for one loss, and a model that was made for another",
        "one term of the loss that outweighs the others",
    ),
    remedy="Standardise the targets: (target - mean) / std, of the training data. Boxes are best "
    "given in shares of the picture. Otherwise the gradients are huge, or the outputs need "
    "thousands of steps to get there.",
    code="target = (target - target_mean) / target_std\nprint(target.mean(), target.std())",
    check="Print output.std(), target.mean() and target.std() in the first step.",
)

SOFTMAX_OVER_BATCH: Final = Guidance(
    causes=(
        "softmax(dim=0) or log_softmax(dim=0), which goes over the samples of a batch",
        "nn.Softmax() without dim, which takes dimension 0 of tensors with one or three dimensions",
        "softmax(dim=1) of a sequence (N, T, C), or dim=-1 of a picture (N, C, H, W)",
    ),
    remedy="Let the softmax go over the classes. Over the batch, a sample's outputs depend on the "
    "other samples, and one that is evaluated alone has 1 for each class.",
    code="probabilities = logits.softmax(dim=-1)",
    check="Print the sums of the probabilities over dimensions 0 and -1: the second must be 1.",
)

ONE_CLASS: Final = Guidance(
    causes=(
        "a column of labels that is read wrongly, as 0 throughout, or as a part of its text",
        "labels that are cut to whole numbers after they were scaled to 0 to 1",
        "a subset of the data, or the begin of a sorted one, that has one class alone",
    ),
    remedy="Such targets teach the last layer's bias one number. Look at the labels where they are "
    "read.",
    code="print(torch.bincount(targets))",
    check="The code counts the samples of each class in a batch: most classes should occur.",
)

CLAMPED: Final = Guidance(
    causes=(
        "clamp(0, 1) after binary_cross_entropy complained of values beyond 0 to 1",
        "a sigmoid that is missing at the end of the network",
    ),
    remedy="What is clamped gets no gradient, however wrong it is. Give the loss the outputs as "
    "they are, and let it apply the sigmoid.",
    code="loss = F.binary_cross_entropy_with_logits(output, target)",
    check="Begin a new run: at the start, the loss should be about 0.69.",
)

OUT_OF_RANGE: Final = Guidance(
    causes=(
        "a sigmoid, tanh or ReLU at the end of a network whose targets go beyond its range",
        "targets that were standardised, while the last layer expects them from 0 to 1",
    ),
    remedy="Let a regression end in a linear layer, or scale the targets to the range of the last "
    "layer. Beyond the end of the range, no gradient arrives.",
    code="print(target.min(), target.max(), output.min(), output.max())",
    check="The code shows whether the targets lie within the range of the outputs.",
)

UNBOUNDED: Final = Guidance(
    causes=(
        "a Wasserstein loss without a gradient penalty, clipped weights or a spectral norm",
        "a penalty that is computed but not added to the loss",
    ),
    remedy="Add a gradient penalty to the critic's loss, or put spectral_norm on its layers. "
    "Otherwise the difference of its outputs grows without end, and so do the gradients of the "
    "generator.",
    code="for m in critic.modules():\n"
    "    if isinstance(m, (nn.Linear, nn.Conv2d)):\n"
    "        nn.utils.parametrizations.spectral_norm(m)",
    check="Log the critic's mean output for real and for generated samples: their difference "
    "should level off.",
)


def _is_sigmoid(case: Case) -> bool:
    return case.finding.figures.get("setting") == "sigmoid"


def _is_of_classes(case: Case) -> bool:
    return _is_sigmoid(case) and case.finding.figures.get("loss") == "cross_entropy"


LOSS_MISMATCH: Final[tuple[Pattern, ...]] = (
    (exceeds("one_target"), ONE_TARGET),
    (_is_of_classes, SIGMOID_OF_CLASSES),
    (_is_sigmoid, SIGMOID_TWICE),
    (exceeds("softened_twice"), SOFTMAX_TWICE),
    (exceeds("no_logarithms"), NO_LOGARITHMS),
    (exceeds("off_targets"), OFF_TARGETS),
    (exceeds("raw_overlap"), RAW_OVERLAP),
    (exceeds("clamped"), CLAMPED),
    (exceeds("far_targets"), FAR_TARGETS),
    (exceeds("over_batch"), SOFTMAX_OVER_BATCH),
    (exceeds("one_class"), ONE_CLASS),
    (exceeds("out_of_range"), OUT_OF_RANGE),
    (always, UNBOUNDED),
)
