"""The callback in real Lightning fits."""

import pytest
import torch
from torch import nn

lightning = pytest.importorskip("lightning.pytorch", reason="Lightning is an extra")

from tb_activation_hist import read_histograms  # noqa: E402 - after the skip
from tb_activation_hist.callbacks.lightning import ActivationHistCallback  # noqa: E402 - after the skip
from tb_activation_hist.core.errors import ActivationHistWarning  # noqa: E402 - after the skip
from tests.stored import read_events  # noqa: E402 - after the skip

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:lightning")


class Model(lightning.LightningModule):
    def __init__(self, fail_at=None):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
        self.fail_at = fail_at

    def training_step(self, batch, index):
        if index == self.fail_at:
            raise ValueError("broken batch")
        loss = nn.functional.cross_entropy(self.net(batch[0]), batch[1])
        self.log("seen", loss)
        return loss

    def validation_step(self, batch, _index):
        self.net(batch[0])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


def fit(model, callback, tmp_path, epochs=1, **options):
    data = [(torch.randn(4), torch.tensor(0)) for _ in range(64)]
    loader = torch.utils.data.DataLoader(data, batch_size=8)
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        callbacks=[callback],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
        **options,
    )
    trainer.fit(model, loader, loader)
    return trainer


def hooks(model):
    return sum(len(module._forward_hooks) for module in model.modules())


def test_each_optimizer_step_is_a_record_over_several_fits(tmp_path):
    callback = ActivationHistCallback(tmp_path / "run", layers="net.*")
    model = Model()
    fit(model, callback, tmp_path)
    fit(model, callback, tmp_path, accumulate_grad_batches=2)
    assert hooks(model) == 0
    series = read_histograms(tmp_path / "run")["."]["net.0"]
    assert series.steps.tolist() == list(range(1, 13))
    assert series.n.tolist() == [8 * 6] * 8 + [16 * 6] * 4
    assert callback.layer_stats("net.0").mean.shape == (12,)


def fit_with_checkpoints(callback, folder, epochs, checkpoint=None):
    """Four steps an epoch, and a checkpoint after each epoch."""
    data = [(torch.randn(4), torch.tensor(0)) for _ in range(32)]
    saver = lightning.callbacks.ModelCheckpoint(folder, "{epoch}", save_top_k=-1)
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        callbacks=[callback, saver],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    loader = torch.utils.data.DataLoader(data, batch_size=8)
    trainer.fit(Model(), loader, ckpt_path=checkpoint)


def test_a_resumed_fit_goes_on_at_the_trainers_own_step_and_epoch(tmp_path):
    first = ActivationHistCallback(tmp_path / "run", layers="net.0")
    fit_with_checkpoints(first, tmp_path, 3)
    first.close()
    for folder, expected in (("run", range(1, 9)), ("new", range(5, 9))):
        callback = ActivationHistCallback(tmp_path / folder, layers="net.0")
        fit_with_checkpoints(callback, tmp_path / "again", 2, tmp_path / "epoch=0.ckpt")
        callback.close()
        assert callback.histograms["net.0"].steps.tolist() == list(expected)
    epochs = read_scalars(tmp_path / "new", "train/epoch")
    assert epochs == pytest.approx({step: step / 4 for step in range(5, 9)})


def test_the_same_callback_goes_back_with_a_resumed_fit(tmp_path):
    callback = ActivationHistCallback(None, layers="net.0")
    fit_with_checkpoints(callback, tmp_path, 3)
    fit_with_checkpoints(callback, tmp_path / "again", 2, tmp_path / "epoch=0.ckpt")
    assert callback.histograms["net.0"].steps.tolist() == list(range(1, 9))
    assert callback.steps == 8


def read_scalars(folder, tag):
    return {
        event.step: value.simple_value
        for event in read_events(folder)
        for value in event.summary.value
        if value.tag == tag
    }


def test_hooks_are_gone_after_an_exception(tmp_path):
    callback = ActivationHistCallback(tmp_path / "run")
    model = Model(fail_at=3)
    with pytest.raises(ValueError, match="broken batch"):
        fit(model, callback, tmp_path)
    assert hooks(model) == 0
    assert callback.histograms["net.0"].steps.tolist() == [1, 2, 3]


def test_a_finding_ends_the_fit(tmp_path):
    callback = ActivationHistCallback(tmp_path / "run", layers="net.*", stop_on=["non_finite"])
    model = Model()
    torch.nn.init.constant_(model.net[0].bias, torch.nan)
    with pytest.warns(ActivationHistWarning, match="^net.0: NaN or infinite values since step 1"):
        trainer = fit(model, callback, tmp_path, epochs=100)
    assert trainer.current_epoch < 99
    assert callback.findings()[0].kind == "non_finite"
