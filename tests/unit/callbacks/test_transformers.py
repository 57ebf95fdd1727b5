"""The callback in a real Trainer."""

import pytest
import torch

transformers = pytest.importorskip("transformers", reason="transformers is an extra")
pytest.importorskip("accelerate", reason="the Trainer needs accelerate")

from tb_activation_hist import read_histograms  # noqa: E402 - after the skip
from tb_activation_hist.callbacks.transformers import ActivationHistCallback  # noqa: E402 - after the skip
from tb_activation_hist.core.errors import ActivationHistWarning  # noqa: E402 - after the skip

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


def train(model, callback, tmp_path, epochs=1, **options):
    data = [
        {"input_ids": torch.randint(0, 20, (6,)), "labels": torch.tensor(i % 2)} for i in range(32)
    ]
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path / "out"),
        per_device_train_batch_size=4,
        num_train_epochs=epochs,
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        logging_steps=2,
        disable_tqdm=True,
        **options,
    )
    transformers.Trainer(model, arguments, train_dataset=data, callbacks=[callback]).train()


def test_each_optimizer_step_is_a_record_over_several_trainings(tmp_path):
    callback = ActivationHistCallback(tmp_path / "run", layers="classifier")
    model = make_model()
    train(model, callback, tmp_path)
    train(model, callback, tmp_path, gradient_accumulation_steps=2)
    assert sum(len(module._forward_hooks) for module in model.modules()) == 0
    series = read_histograms(tmp_path / "run")["."]["classifier"]
    assert series.steps.tolist() == list(range(1, 13))
    assert series.n.tolist() == [4 * 2] * 8 + [8 * 2] * 4


def test_a_finding_ends_the_training(tmp_path):
    callback = ActivationHistCallback(None, layers="classifier", stop_on=["non_finite"])
    model = make_model()
    torch.nn.init.constant_(model.classifier.bias, torch.nan)
    with pytest.warns(ActivationHistWarning, match="^classifier: NaN or infinite"):
        train(model, callback, tmp_path, epochs=100)
    assert callback.steps < 99 * 8
    assert callback.findings()[0].kind == "non_finite"
