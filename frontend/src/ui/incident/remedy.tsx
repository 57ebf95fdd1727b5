/** What to try, why it usually happens, how to check it. */

import { formatShare } from "../../math/format";
import type { FindingAnswer } from "../../series/types";
import { copyText } from "../widgets/clipboard";
import { IconButton } from "../widgets/controls";
import { say } from "../widgets/toast";
import { adviceOf } from "./report";

export function Remedy({ finding }: { readonly finding: FindingAnswer }) {
  const { code, causes, check, confidence } = finding;
  return (
    <>
      <p>{adviceOf(finding)}</p>
      {code === "" ? null : <Code code={code} />}
      {causes.length === 0 ? null : (
        <>
          <h3>Usual causes, the likeliest first</h3>
          <ol class="causes">
            {causes.map((cause) => (
              <li key={cause}>{cause}</li>
            ))}
          </ol>
        </>
      )}
      {check === "" ? null : (
        <>
          <h3>How to check</h3>
          <p>{check}</p>
        </>
      )}
      {confidence > 0 ? (
        <p class="facts-line">{formatShare(confidence)} of such findings were right when this was measured.</p>
      ) : null}
      <p class="facts-line">Method: {finding.source}</p>
    </>
  );
}

function Code({ code }: { readonly code: string }) {
  return (
    <div class="code">
      {/** biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
      <pre tabIndex={0}>
        <code>{code}</code>
      </pre>
      <IconButton icon="copy" tip="Copy the code" onClick={() => void copyText(code).then(say)} />
    </div>
  );
}
