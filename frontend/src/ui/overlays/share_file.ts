/** The file that shows what is shown here without a server; the server makes it. */

import type { ShareRequest } from "../../series/types";
import * as selection from "../../view/selection/selection";
import { say } from "../widgets/toast";
import { download } from "./save";

export const SHARE = "Share as one file";

/** Says how it goes: findings may have to be waited for. */
export async function shareAsFile(): Promise<void> {
  const asked: ShareRequest = {
    runs: selection.shownRuns.peek().map(({ name }) => name),
    series: selection.layers.peek().map(({ tag, source }) => ({ tag, source })),
  };
  say("The server makes the file…");
  try {
    const answer = await fetch("share", { method: "POST", body: JSON.stringify(asked) });
    if (!answer.ok) throw new Error(await answer.text());
    download(new File([await answer.blob()], "activations.html"));
    say("Saved as one file that opens without a server.");
  } catch (error) {
    say(String(error));
  }
}
