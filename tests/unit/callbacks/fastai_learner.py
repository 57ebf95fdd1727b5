"""A small fastai learner on data that can be pickled."""

import torch
from fastai.data.core import Datasets
from fastai.learner import Learner
from fastai.metrics import accuracy
from torch import nn

BATCHES, BATCH = 5, 16


class Column:
    """A transform from a row's number to its entry; can be pickled."""

    def __init__(self, entries):
        self.entries = entries

    def __call__(self, number):
        return self.entries[number]


def make_dls():
    torch.manual_seed(0)
    x = torch.randn(BATCHES * BATCH, 4)
    columns = [[Column(x)], [Column((x.sum(1) > 0).long())]]
    sets = Datasets(range(len(x)), columns, splits=[list(range(len(x))), list(range(32))])
    return sets.dataloaders(bs=BATCH, val_bs=32, device="cpu", num_workers=0, drop_last=True)


def make_learner(*callbacks, dls=None, model=None, **options):
    torch.manual_seed(1)
    model = model or nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
    loss = nn.CrossEntropyLoss()
    learn = Learner(
        dls or make_dls(), model, loss_func=loss, metrics=accuracy, cbs=list(callbacks), **options
    )
    learn.remove_cbs([cb for cb in learn.cbs if cb.name == "progress"])
    learn.logger = lambda _row: None
    return learn


def hooks(learn):
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in learn.model.modules())
