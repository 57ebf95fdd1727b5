"""What each kind of finding advises, and where its method comes from."""

from __future__ import annotations

from typing import Final

ADVICE: Final = {
    "non_finite": (
        "Usual causes: a learning rate that is too high, log or division of 0, overflow in fp16. "
        "Look at what this layer computes at that step; lower the rate, add an epsilon, clip the "
        "gradients, or use bf16."
    ),
    "collapsed": (
        "Usual causes: a learning rate that is too high killed the units before it, or weights or "
        "biases were initialised at 0 or far below it. Lower the rate or warm it up, check the "
        "initialisation, add normalisation."
    ),
    "exploding": (
        "Usual causes: a learning rate that is too high, weights that start too large, no "
        "normalisation. Lower the rate or warm it up, clip the gradients, check the "
        "initialisation and the scale of the inputs, add normalisation."
    ),
    "vanishing": (
        "Usual causes: a chain of sigmoids, a deep network without normalisation or shortcuts, "
        "weights that start too small, weight decay that is too strong. Use ReLU-like "
        "nonlinearities with He initialisation, add normalisation or residual connections, lower "
        "the weight decay."
    ),
    "mostly_zero": (
        "Usual causes: units that died from a learning rate that is too high, or biases far below "
        "zero. About half zeros are normal after a ReLU. Lower the rate, check the bias "
        "initialisation, or use a leaky ReLU."
    ),
    "saturated": (
        "Usual causes: weights that start or grew too large, inputs that are not normalised. At "
        "the ends of its range a tanh or sigmoid passes hardly any gradient. Scale the "
        "initialisation down, normalise before it, or use a nonlinearity without ends."
    ),
    "spike_and_crash": (
        "Usual causes: a learning rate on the edge of divergence, or single bad batches. Lower "
        "the rate or warm it up, clip the gradients, and look at the batches of these steps."
    ),
    "not_learning": (
        "Usual causes: the layers are frozen (then this is as meant), their learning rate is far "
        "too low (discriminative rates such as slice(1e-6, 1e-2)), or no gradient reaches them. "
        "Unfreeze them or raise their rate; without pretraining give all layers one rate. Record "
        "the kinds weights and updates too, to tell frozen layers from ones whose outputs only "
        "look the same."
    ),
    "sudden_change": (
        "Usual causes: a jump of the learning rate, other data or augmentation, layers that were "
        "unfrozen or loaded, a divergence. Look at what the training script does at that step."
    ),
    "low_precision": (
        "Usual causes: gradients too small for fp16 without loss scaling, activations that are "
        "not normalised. Use a GradScaler or bf16, or keep this layer in float32."
    ),
    "outlier_features": (
        "Usual causes: one unit or channel whose weights ran away, inputs with extreme values. "
        "Large transformers show such massive activations and live with them; they hurt "
        "quantisation and fp16. Look at that unit, at weight decay and normalisation."
    ),
    "run_difference": (
        "Compare what differs between the two runs (learning rate, initialisation, data, code); "
        "where the first of these layers parts, look at its inputs first."
    ),
}
"""Usual causes and what to try, one text per kind."""

SOURCES: Final = {
    "non_finite": "SageMaker Debugger, ExplodingTensor: any NaN or infinity",
    "collapsed": "SageMaker Debugger, AllZero; fastai's near_zero, on the layer's own scale",
    "exploding": "TheDeepChecker, growth of the activations; bench/findings",
    "vanishing": "TheDeepChecker and AutoTrainer, vanishing; variation with the batch: our own",
    "mostly_zero": "NeuroScope and SageMaker Debugger, DeadRelu, on the whole layer",
    "saturated": "Karpathy, makemore 3: |tanh| > 0.97; TheDeepChecker, saturation",
    "spike_and_crash": "fastai book, chapter 13: repeated rise and crash of the activations",
    "not_learning": "our own: Wasserstein-1 on the asinh axis beside batch noise",
    "sudden_change": "our own: Wasserstein-1 of neighbouring windows beside its usual size",
    "low_precision": "TorchLens and NaNsense: a tenth of the values subnormal",
    "outlier_features": "Sun et al. 2024, Massive Activations in Large Language Models",
    "run_difference": "SageMaker Debugger, SimilarAcrossRuns; distance: Wasserstein-1, asinh axis",
}
"""Where the method comes from; thresholds were set by bench/findings."""

MASK_ADVICE: Final = (
    "A mask filled with -inf before a softmax looks like this; then nothing is wrong."
)
