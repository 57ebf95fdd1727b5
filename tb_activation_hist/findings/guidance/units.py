"""Single channels, heads and experts of layers that are recorded with `split`."""

from __future__ import annotations

from typing import Final

from tb_activation_hist.findings.guidance.guidance import Guidance, Pattern, always, from_start
from tb_activation_hist.findings.guidance.snippets import LOWER_RATE

DEAD: Final = Guidance(
    causes=(
        "a learning rate that was too high at that step",
        "biases that fell far below zero",
        "experts that the router never chooses",
    ),
    remedy=(
        "A dead ReLU unit gets no gradient and stays dead. Lower or warm up the rate, use a "
        "leaky ReLU, reinitialise these units, or prune them."
    ),
    code=LOWER_RATE,
    check="Compare the biases of these units before and after step <step>.",
)

NEVER_ALIVE: Final = Guidance(
    causes=(
        "weights and biases that started out such that no input of the data gets through the ReLU",
        "inputs that are always 0, as the margin of pictures, or weights that are pruned",
        "a learning rate that was too high before the first record",
    ),
    remedy=(
        "A dead ReLU unit gets no gradient and stays dead. A few cost nothing but their width. "
        "If there are many, initialise as for ReLU (He), use a leaky ReLU, or prune them."
    ),
    code="torch.nn.init.kaiming_normal_(layer.weight)  # of <layer>",
    check="Compare the biases of these units, and what goes into them, with those of the others.",
)

UNUSED: Final = Guidance(
    causes=(
        "a router that always chooses the same few experts",
        "heads or channels that weight decay has shrunk to almost nothing",
    ),
    remedy=(
        "They cost time and learn nothing. For experts, add or raise the load-balancing loss "
        "and router noise. Prune channels and heads, or lower their weight decay."
    ),
    code="# router noise, in training\nlogits = logits + torch.randn_like(logits) / experts",
    check="Compare the norms of these units' weights with those of the others.",
)

RUNAWAY: Final = Guidance(
    causes=(
        "weights of single units that nothing limits: no weight decay, no normalisation",
        "attention sinks and massive activations of a large transformer, which it tolerates",
    ),
    remedy=(
        "They hurt quantisation and float16. Look at the weights of these units, at weight "
        "decay and at the norm before them."
    ),
    code="parameters = model.parameters()\n"
    "optimizer = torch.optim.AdamW(parameters, lr=lr, weight_decay=0.01)",
    check="Compare the norms of these units' weights with those of the others.",
)

REDUNDANT: Final = Guidance(
    causes=(
        "weights that started equal, such as zeros, so that units get equal gradients",
        "norms whose factor is 0",
        "inputs that never change",
    ),
    remedy="Initialise these units at random, or prune them.",
    code="torch.nn.init.normal_(layer.weight, std=0.02)  # of <layer>",
    check="Compare the rows of the layer's weight matrix: layer.weight.unique(dim=0).",
)

DEAD_UNITS: Final[tuple[Pattern, ...]] = ((from_start, NEVER_ALIVE), (always, DEAD))
UNUSED_UNITS: Final[tuple[Pattern, ...]] = ((always, UNUSED),)
RUNAWAY_UNITS: Final[tuple[Pattern, ...]] = ((always, RUNAWAY),)
REDUNDANT_UNITS: Final[tuple[Pattern, ...]] = ((always, REDUNDANT),)
