"""Lines of code that several causes share."""

from __future__ import annotations

from typing import Final

CLIP: Final = "# before optimizer.step()\ntorch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)"

LOWER_RATE: Final = 'for group in optimizer.param_groups:\n    group["lr"] /= 10'

INITIALISE: Final = (
    "for module in model.modules():\n"
    "    if isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)):\n"
    "        torch.nn.init.kaiming_normal_(module.weight)"
)

PRINT_INPUTS: Final = "# about 0, 1 and 5\nprint(inputs.mean(), inputs.std(), inputs.abs().max())"

PRINT_BIASES: Final = (
    "for name, parameter in model.named_parameters():\n"
    '    if name.endswith("bias"):\n'
    "        print(name, parameter.min().item(), parameter.max().item())"
)
