"""A GPT-2 of transformers: tensors from inside its attention, inputs, Adam's state; all exact."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
import torch

transformers = pytest.importorskip("transformers", reason="transformers is an extra")

from transformers.models.gpt2 import modeling_gpt2  # noqa: E402 - after the skip

from tb_activation_hist import ActivationHistLogger, MemoryWriter, record  # noqa: E402 - after the skip
from tests.models import assert_counted, tensor_to_values  # noqa: E402 - after the skip

KINDS = ("activations", "gradients", "inputs", "optimizer_state")
STEPS = 2

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def make_model() -> Any:
    config = transformers.GPT2Config(
        vocab_size=20,
        n_positions=8,
        n_embd=8,
        n_layer=2,
        n_head=2,
        bos_token_id=0,
        eos_token_id=0,
        attn_implementation="eager",
    )
    return transformers.GPT2LMHeadModel(config)


class Seen(defaultdict[str, list[Any]]):
    """What hooks of the test's own, and the attention itself, see."""

    def __init__(self, model: Any, optimizer: Any) -> None:
        super().__init__(list)
        self.names = {module: name for name, module in model.named_modules()}
        self.model, self.optimizer = model, optimizer
        for module, name in self.names.items():
            if not list(module.children()):
                module.register_forward_pre_hook(self._keep_input(name))

    def _keep_input(self, name: str) -> Any:
        def see(_module: Any, args: Any) -> None:
            if len(args) == 1 and args[0].is_floating_point():
                self[f"inputs/{name}"].append(tensor_to_values(args[0]))

        return see

    def keep(self, module: Any, **tensors: torch.Tensor) -> None:
        for name, tensor in tensors.items():
            key = f"{self.names[module]}/{name}"
            self[key].append(tensor_to_values(tensor))
            tensor.register_hook(
                lambda grad, key=key: self[f"gradients/{key}"].append(tensor_to_values(grad))
            )

    def keep_states(self) -> None:
        for name, parameter in self.model.named_parameters():
            state = self.optimizer.state[parameter]
            for part in ("exp_avg", "exp_avg_sq"):
                values = tensor_to_values(state[part])
                self[f"optimizer_state/{name}/{part}"].append(values)


def test_what_is_recorded_inside_a_gpt2_is_exact(monkeypatch):
    torch.manual_seed(0)
    model, writer = make_model(), MemoryWriter()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    seen = Seen(model, optimizer)
    attend = modeling_gpt2.eager_attention_forward

    def attend_and_record(module: Any, q: Any, k: Any, v: Any, *args: Any, **kwargs: Any) -> Any:
        record(module, q=q, k=k, v=v)
        seen.keep(module, q=q, k=k, v=v)
        return attend(module, q, k, v, *args, **kwargs)

    monkeypatch.setattr(modeling_gpt2, "eager_attention_forward", attend_and_record)
    with ActivationHistLogger(model, writer, kinds=KINDS) as hist:
        for _ in range(STEPS):
            ids = torch.randint(0, 20, (2, 6))
            optimizer.zero_grad()
            model(input_ids=ids, labels=ids).loss.backward()
            optimizer.step()
            hist.step()
            seen.keep_states()
    assert {"transformer.h.1.attn/q", "gradients/transformer.h.1.attn/v"} < set(seen)
    for key, values in seen.items():
        assert_counted(writer.histograms[key], values)
