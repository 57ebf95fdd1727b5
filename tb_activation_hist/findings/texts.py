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
    "run_difference": "SageMaker Debugger, SimilarAcrossRuns; distance: Wasserstein-1, asinh axis",
}
"""Where the method comes from; thresholds were set by bench/findings."""

MASK_ADVICE: Final = (
    "A mask filled with -inf before a softmax looks like this; then nothing is wrong."
)
