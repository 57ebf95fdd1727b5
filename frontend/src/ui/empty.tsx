/** The page while no run has histograms: how to record some. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { index } from "../view/catalog/catalog";
import { askLogDirectory, logDirectory } from "../view/catalog/log_directory";
import { WarningList } from "./placeholders";
import { copyText } from "./widgets/clipboard";
import { IconButton } from "./widgets/controls";

const EXAMPLE = `from tb_activation_hist import ActivationHistLogger

with ActivationHistLogger(model, "runs/first") as hist:
    for x, y in loader:
        loss = loss_fn(model(x), y); loss.backward()
        optimizer.step(); optimizer.zero_grad()
        hist.step(loss=loss)`;

const COPIED_MS = 1500;

export function Empty() {
  const copied = useSignal("");
  useEffect(() => void askLogDirectory(), []);
  const copy = async () => {
    copied.value = await copyText(EXAMPLE);
    window.setTimeout(() => {
      copied.value = "";
    }, COPIED_MS);
  };
  const warnings = index.value?.warnings ?? [];
  return (
    <div class="message">
      <h2>No activation histograms yet</h2>
      <p>
        TensorBoard found no run with layer histograms in{" "}
        {logDirectory.value === "" ? "its log directory" : <code>{logDirectory}</code>}. This page looks again
        every few seconds, so it can stay open while a training starts. To record one:
      </p>
      <div class="code">
        <pre>
          <code>{EXAMPLE}</code>
        </pre>
        <IconButton
          icon="copy"
          text={copied.value || "Copy"}
          tip="Copy the code"
          onClick={() => void copy()}
        />
      </div>
      <p>
        With fastai: <code>Learner(…, cbs=ActivationHistCallback("runs/first"))</code>. Histograms written
        with <code>add_histogram</code> appear here too.
      </p>
      <WarningList warnings={warnings} />
    </div>
  );
}
