"""Mistakes that keep weights from learning."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from bench.findings.fresh_f.physics import motion_loss
from bench.findings.fresh_f.sequences import preference_loss
from bench.findings.wide.acts import (
    clear_before_step,
    leave_frozen,
    leave_out,
    map_batches,
    map_loss,
    set_recipe,
)
from bench.findings.wide.architecture import FRESH_F
from bench.findings.wide.fault import (
    ANY_SEVERITY,
    EARLY,
    NOTHING,
    PART,
    STILL_TOO,
    STOPPED,
    detach_outputs,
    kinds,
    plant,
    replace_module,
    still,
)
from bench.findings.wide.training import Batch, Training


def give_judge_the_generator(training: Training) -> None:
    """A copied line: the judge's optimizer has the generator's parameters."""
    models, training.truth = training.task.models, {"judge"}
    training.optimizers[1] = torch.optim.Adam(models["generator"].parameters(), 1e-3)


def checkpoint_first_block(training: Training) -> None:
    """checkpoint(use_reentrant=True) of what sees the inputs, which need no gradient."""
    training.truth = {"0"}
    block: Any = training.model.get_submodule("0")
    forward = block.forward
    block.forward = lambda given: checkpoint(forward, given, use_reentrant=True)


def cut_at_steps(training: Training) -> None:
    """A step function without the gradient that stands in for its own, which is 0."""
    training.truth = set(training.task.parts["cut"].split())
    for module in training.model.modules():
        if hasattr(module, "straight_through"):
            module.straight_through = False


def refer_to_policy(training: Training) -> None:
    """The reference is the policy itself, since nobody copied it."""
    model = training.model
    training.task.phases[0].loss = lambda batch: preference_loss(model, model, batch)


def overwrite_loss(training: Training) -> None:
    """`loss = ...` a second time, where `loss += ...` was meant: the first task is lost."""
    model, training.truth = training.model, {"buys"}

    def loss(batch: Batch) -> Tensor:
        _, spent = model(batch[0])
        return functional.mse_loss(spent.float(), batch[2])

    training.task.phases[0].loss = loss


def detach_actions(training: Training) -> None:
    """The actor's moves are detached before the critic values them."""
    models, training.truth = training.task.models, {"actor"}

    def acted(batch: Batch) -> Tensor:
        moves = models["actor"](batch[0]).detach()
        critic = models["critics"].get_submodule("0")
        return -critic(torch.cat([batch[0], moves], 1)).float().mean()

    training.task.phases[1].loss = acted


def resize_vocabulary(training: Training) -> None:
    """resize_token_embeddings() after the optimizer was made: it has the old tables."""
    training.truth = {"model.embed_tokens", "lm_head"}
    model: Any = training.model
    old, head = model.model.embed_tokens, model.lm_head
    count = old.num_embeddings + 2
    table, out = nn.Embedding(count, 48), nn.Linear(48, count)
    with torch.no_grad():
        table.weight[:-2], table.weight[-2:] = old.weight, table.weight[-2:] * 0.05
        out.weight[:-2], out.bias[:-2] = head.weight, head.bias
    replace_module(training, "model.embed_tokens", table)
    replace_module(training, "lm_head", out)


def milestones_of_epochs(training: Training) -> None:
    """MultiStepLR(milestones=[3, 6, 9]), whose epochs are batches where it steps at each."""
    steps = training.recipe.steps
    marks = [0.06 * steps, 0.12 * steps, 0.18 * steps]
    training.recipe.schedule = lambda share: 0.1 ** sum(share * steps >= own for own in marks)
    training.onset = int(marks[-1])


def initialise_each_epoch(training: Training) -> None:
    """model.apply(init) stands in the loop over epochs."""

    def begin_again(step: int) -> None:
        if step % 20 == 19:
            for module in training.model.modules():
                if hasattr(module, "reset_parameters"):
                    module.reset_parameters()

    training.task.after_step, training.onset = begin_again, 20


def lose_second_derivative(training: Training) -> None:
    """create_graph=True is forgotten: the slope's error gives the weights no gradient."""
    model = training.model
    training.task.phases[0].loss = lambda batch: motion_loss(model, batch, through=False)


def detach_state(training: Training) -> None:
    """The state is detached at each moment, to save memory: the cell gets no gradient."""
    training.truth = {"cell"}
    model: Any = training.model
    model.detaches = True


F_STILL: Final = (
    still(FRESH_F, PART, "state_detached_each_moment", "gap_filler", prepare=detach_state),
    # zero_grad(), step(), backward(): the step sees gradients that were just cleared.
    still(FRESH_F, NOTHING, "step_before_backward", "rotation_net", rewire=clear_before_step),
    still(
        FRESH_F,
        PART,
        "parameters_counted_first",
        "inception_time",
        rewire=lambda training: leave_out(training, "trunk"),
    ),
    plant(
        FRESH_F,
        PART,
        "from_pretrained_is_frozen",
        "crf_tagger",
        kinds("not_learning", "frozen"),
        # nn.Embedding.from_pretrained() freezes unless it is asked not to.
        prepare=leave_frozen("embedding"),
        severities=ANY_SEVERITY,
    ),
    still(
        FRESH_F,
        PART,
        "judge_optimizer_has_the_generator",
        "pix2pix",
        rewire=give_judge_the_generator,
    ),
    still(
        FRESH_F, PART, "checkpoint_of_the_first_block", "xresnet", prepare=checkpoint_first_block
    ),
    still(
        FRESH_F,
        PART,
        "step_function_without_surrogate",
        "int8_cnn spiking",
        prepare=cut_at_steps,
    ),
    plant(
        FRESH_F,
        NOTHING,
        "reference_is_the_policy",
        "dpo",
        kinds("not_learning", "exploding", "saturated", "spike_and_crash"),
        allows=STILL_TOO | kinds("outlier_features", "sudden_change", "non_finite"),
        prepare=refer_to_policy,
    ),
    still(
        FRESH_F,
        PART,
        "prompts_left_out",
        "prompt_tuned",
        rewire=lambda training: leave_out(training, "prompts"),
    ),
    still(FRESH_F, PART, "loss_overwritten", "weighed_tasks", prepare=overwrite_loss),
    still(FRESH_F, PART, "actions_detached", "td3", prepare=detach_actions),
    # The wrong facts are the right ones: both distances are the same.
    still(
        FRESH_F,
        NOTHING,
        "negatives_not_corrupted",
        "trans_e",
        prepare=map_batches(lambda batch: (batch[0], batch[0][:, 2])),
    ),
    still(FRESH_F, PART, "vocabulary_resized_too_late", "phi", rewire=resize_vocabulary),
    still(
        FRESH_F,
        PART,
        "encoder_under_no_grad",
        "captioner",
        prepare=lambda training: detach_outputs(training, "trunk"),
    ),
    plant(
        FRESH_F,
        EARLY,
        "milestones_of_epochs",
        "shuffle_net neural_process",
        STOPPED,
        allows=STILL_TOO,
        prepare=milestones_of_epochs,
        severities=ANY_SEVERITY,
        needs_effect=True,
    ),
    plant(
        FRESH_F,
        NOTHING,
        "initialised_each_epoch",
        "set_transformer d_linear",
        kinds("not_learning", "sudden_change", "spike_and_crash"),
        allows=STILL_TOO,
        prepare=initialise_each_epoch,
        needs_effect=True,
    ),
    plant(
        FRESH_F,
        NOTHING,
        "create_graph_forgotten",
        "hamiltonian",
        kinds("not_learning", "vanishing", "collapsed"),
        allows=STILL_TOO,
        prepare=lose_second_derivative,
        needs_effect=True,
    ),
    still(
        FRESH_F,
        NOTHING,
        "rate_of_1e_7",
        "hash_codes mean_teacher",
        prepare=set_recipe(rate=1e-7),
        needs_effect=True,
    ),
    # torch.tensor(loss.item(), requires_grad=True), to make an error go away.
    still(
        FRESH_F,
        NOTHING,
        "loss_rebuilt_from_a_number",
        "alpha_zero",
        prepare=map_loss(lambda loss: torch.tensor(loss.item(), requires_grad=True)),
    ),
    still(
        FRESH_F,
        PART,
        "text_tower_left_out",
        "siglip",
        rewire=lambda training: leave_out(training, "branch"),
    ),
)
