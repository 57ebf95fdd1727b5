"""What goes into the model: batches that do not change, that change too much, that are sorted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tb_activation_hist.findings.guidance.guidance import (
    Case,
    Guidance,
    Pattern,
    always,
    exceeds,
    is_info,
)
from tb_activation_hist.findings.guidance.snippets import PRINT_INPUTS

PRINT_BATCH: Final = "print(step, inputs.double().sum())"

STUCK: Final = Guidance(
    causes=(
        "next(iter(loader)) in each step, which begins a new epoch each time",
        "a loop that uses another variable than it assigns",
        "an iterator that came to its end and whose last batch is used on",
    ),
    remedy="Take each batch from one iterator, for batch in loader:, and use that variable.",
    code=PRINT_BATCH,
    check="The sum that the code prints must differ from step to step.",
)

ONE_SAMPLE: Final = Guidance(
    causes=(
        "a data set whose __getitem__ ignores its index, or fills one array that it gives again",
        "expand() or repeat() where a batch was meant",
    ),
    remedy="Let __getitem__(i) make a new tensor of sample i.",
    code="print(torch.equal(inputs[0], inputs[1]))",
    check="The code must print False.",
)

ONE_VALUE: Final = Guidance(
    causes=(
        "a tokenizer or a vocabulary of another model, to which each word is unknown or padding",
        "a buffer that is filled once and never again",
    ),
    remedy="Look at the data as the model gets it, not as it was read.",
    code=PRINT_INPUTS,
    check="The standard deviation that the code prints must not be 0.",
)

ZEROS: Final = Guidance(
    causes=(
        "pixels of whole numbers that were divided with //, or twice by 255",
        "files that could not be read and came as zeros",
        "a buffer that is never filled",
    ),
    remedy="Look at one sample as the loader gives it, then after each transformation.",
    code=PRINT_INPUTS,
    check="The largest size that the code prints must not be 0.",
)

HIDDEN: Final = Guidance(
    causes=(
        "a mask with 1 where padding is, as nn.MultiheadAttention's key_padding_mask has it",
        "a mask that is made of ids before they are padded, or never filled",
    ),
    remedy="Give transformers' models an attention_mask with 1 for each token and 0 for padding; "
    "a tokenizer returns it beside the ids.",
    code="attention_mask = (input_ids != tokenizer.pad_token_id).long()",
    check="Print attention_mask.sum(1): it is the number of tokens of each text.",
)

FULL_BATCH: Final = Guidance(
    causes=(
        "full-batch training, which is meant so",
        "one batch that was taken before the loop",
    ),
    remedy="Nothing, where all data is in this batch. Else take a new batch in each step.",
    code=PRINT_BATCH,
    check="Compare len(inputs) with the number of samples of the data set.",
)


CHANGED: Final = Guidance(
    causes=(
        "another data set or loader, which is not normalised alike",
        "an augmentation or a curriculum that sets in at this step",
        "a preprocessing that was changed by a call in the training",
    ),
    remedy="Normalise what is trained on from step <step> on as what came before it.",
    code=PRINT_INPUTS,
    check="Compare the figures of a batch before step <step> with those of one after it.",
)

SORTED: Final = Guidance(
    causes=(
        "a DataLoader without shuffle=True over data that is sorted by class or by file",
        "a series in time, whose order is meant",
    ),
    remedy="Give shuffle=True. The network otherwise learns and forgets one class after the other.",
    code="loader = DataLoader(dataset, batch_size=64, shuffle=True)",
    check="Print the targets of some batches: each should have several classes.",
)

COLUMNS: Final = Guidance(
    causes=(
        "columns of a table in their own units",
        "values that stand for missing ones, such as -999",
        "an identifier or a time stamp that is given as a number",
    ),
    remedy="Subtract each column's mean and divide by its standard deviation, both of the training "
    "data.",
    code="print(inputs.std(0))\ninputs = (inputs - mean) / std",
    check="The standard deviations that the code prints should be about 1.",
)

UNSCALED: Final = Guidance(
    causes=(
        "inputs that are not normalised, such as pixels from 0 to 255 or raw columns of a table",
        "weights of the first layer that start too large",
    ),
    remedy="Subtract the mean of the training data and divide by its standard deviation, "
    "separately for each column or channel.",
    code=f"{PRINT_INPUTS}\ninputs = (inputs - mean) / std",
    check="Print the mean, standard deviation and largest size of a batch; about 0, 1 and 5 are "
    "usual.",
)


FLAT: Final = Guidance(
    causes=(
        "pixels that were divided by 255 twice, by ToTensor() and once more",
        "a mean and a deviation of pixels from 0 to 255 that were taken off numbers from 0 to 1",
        "inputs in a unit that is far too large, or with a constant far larger than their changes",
    ),
    remedy="Normalise once, with the mean and standard deviation of what the data set gives.",
    code=f"{PRINT_INPUTS}\ninputs = (inputs - inputs.mean()) / inputs.std()",
    check="The standard deviation that the code prints should be about 1, and the mean near 0.",
)

STEEP: Final = Guidance(
    causes=(
        "weights of <layer> that start too large: what goes in is of usual size",
        "single inputs that are far larger than the others",
    ),
    remedy="Initialise <layer> with a standard deviation of about sqrt(2 / fan_in), as torch does "
    "by itself.",
    code=f"{PRINT_INPUTS}\nprint(weight.std(), (2 / weight[0].numel()) ** 0.5)",
    check="The code prints the scale of a batch, then the standard deviation of the weights of "
    "<layer> and what is usual.",
)


def _says(words: str) -> Callable[[Case], bool]:
    return lambda case: words in case.finding.title


CONSTANT_INPUT: Final[tuple[Pattern, ...]] = (
    (is_info, FULL_BATCH),
    (_says("attended to"), HIDDEN),
    (_says("nothing but zeros"), ZEROS),
    (_says("nothing but the value"), ONE_VALUE),
    (_says("all samples"), ONE_SAMPLE),
    (always, STUCK),
)

INPUT_CHANGE: Final[tuple[Pattern, ...]] = (
    (_says("nothing but zeros"), ZEROS),
    (always, CHANGED),
)

UNSHUFFLED_INPUT: Final[tuple[Pattern, ...]] = ((always, SORTED),)

UNSCALED_INPUTS: Final[tuple[Pattern, ...]] = (
    (exceeds("unscaled_spread"), FLAT),
    (exceeds("unscaled_columns"), COLUMNS),
    (_says("weights that start too large"), STEEP),
    (always, UNSCALED),
)
