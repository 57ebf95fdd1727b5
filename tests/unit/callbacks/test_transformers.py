"""The callback in a real Trainer."""

import pytest
import torch

transformers = pytest.importorskip("transformers", reason="transformers is an extra")
pytest.importorskip("accelerate", reason="the Trainer needs accelerate")

from tb_activation_hist import read_histograms  # noqa: E402 - after the skip
from tb_activation_hist.callbacks.transformers import ActivationHistCallback  # noqa: E402 - after the skip
from tb_activation_hist.core.errors import ActivationHistWarning  # noqa: E402 - after the skip
from tests.stored import read_events  # noqa: E402 - after the skip

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def make_model():
    config = transformers.BertConfig(
        vocab_size=20,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=8,
        num_labels=2,
    )
    return transformers.BertForSequenceClassification(config)


def train(model, callback, tmp_path, epochs=1, checkpoint=None, **options):
    data = [
        {"input_ids": torch.randint(0, 20, (6,)), "labels": torch.tensor(i % 2)} for i in range(32)
    ]
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path / "out"),
        per_device_train_batch_size=4,
        num_train_epochs=epochs,
        use_cpu=True,
        report_to=[],
        logging_steps=2,
        disable_tqdm=True,
        **{"save_strategy": "no", **options},
    )
    trainer = transformers.Trainer(model, arguments, train_dataset=data, callbacks=[callback])
    trainer.train(resume_from_checkpoint=checkpoint)


def test_each_optimizer_step_is_a_record_over_several_trainings(tmp_path):
    callback = ActivationHistCallback(tmp_path / "run", layers="classifier")
    model = make_model()
    train(model, callback, tmp_path)
    told = f"{str(tmp_path / 'run')!r}, 1 layer, 8 steps recorded, not recording"
    assert repr(callback) == f"ActivationHistCallback({told})"
    train(model, callback, tmp_path, gradient_accumulation_steps=2)
    assert sum(len(module._forward_hooks) for module in model.modules()) == 0
    series = read_histograms(tmp_path / "run")["."]["classifier"]
    assert series.steps.tolist() == list(range(1, 13))
    assert series.n.tolist() == [4 * 2] * 8 + [8 * 2] * 4


def test_a_resumed_training_goes_on_at_the_trainers_own_step_and_epoch(tmp_path):
    first = ActivationHistCallback(tmp_path / "run", layers="classifier")
    train(make_model(), first, tmp_path, epochs=2, save_strategy="steps", save_steps=4)
    first.close()
    for folder, expected in (("run", range(1, 9)), ("new", range(5, 9))):
        callback = ActivationHistCallback(tmp_path / folder, layers="classifier")
        train(make_model(), callback, tmp_path, checkpoint=str(tmp_path / "out/checkpoint-4"))
        callback.close()
        assert callback.histograms["classifier"].steps.tolist() == list(expected)
    epochs = {
        event.step: value.simple_value
        for event in read_events(tmp_path / "new")
        for value in event.summary.value
        if value.tag == "train/epoch"
    }
    assert epochs == pytest.approx({step: step / 8 for step in range(5, 9)})


def test_a_finding_ends_the_training(tmp_path):
    callback = ActivationHistCallback(None, layers="classifier", stop_on=["non_finite"])
    model = make_model()
    torch.nn.init.constant_(model.classifier.bias, torch.nan)
    with pytest.warns(ActivationHistWarning, match="^classifier: NaN or infinite"):
        train(model, callback, tmp_path, epochs=100)
    assert callback.steps < 99 * 8
    assert callback.findings()[0].kind == "non_finite"
