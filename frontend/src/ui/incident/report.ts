/** An incident as Markdown, to be pasted where it is talked about. */

import { formatSteps, nameSteps } from "../../math/format";
import type { FindingAnswer } from "../../series/types";
import type { ChainLayer } from "../../view/findings/incident_data";

/** Layers that are listed. */
const MOST_LAYERS = 10;

interface Told {
  readonly finding: FindingAnswer;
  readonly chain: readonly ChainLayer[];
  /** Address of the view. */
  readonly link: string;
  /** Data URI; "" without one. */
  readonly picture: string;
}

/** Without the causes where these are listed. */
export function adviceOf({ advice, causes }: FindingAnswer): string {
  return causes.length > 0 ? advice.replace(/^Usual causes:.*?\. (?=[A-Z])/, "") : advice;
}

export function incidentToMarkdown({ finding, chain, link, picture }: Told): string {
  const { title, run, severity, first_step, last_step, causes, code, check, evidence } = finding;
  const more = chain.length - MOST_LAYERS;
  const section = (head: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ["", `### ${head}`, "", ...lines];
  return [
    `## ${title}`,
    "",
    `Run \`${run}\`, ${nameSteps(first_step, last_step)}, ${severity}. [Open this view](${link})`,
    ...section("What happened", [
      "| | layer | finding | steps |",
      "|---|---|---|---|",
      ...chain
        .slice(0, MOST_LAYERS)
        .map(
          (one, at) =>
            `| ${at + 1} | \`${one.layer}\` | ${one.finding.kind.replaceAll("_", " ")} | ${formatSteps(one.first_step, one.last_step)} |`,
        ),
      ...(more > 0 ? ["", `and ${more} more`] : []),
    ]),
    ...section(
      "Measured",
      evidence.map(({ label, value, limit }) => `- ${label}: ${value}${limit && ` (threshold ${limit})`}`),
    ),
    ...section("What to try", [adviceOf(finding), ...(code === "" ? [] : ["", "```python", code, "```"])]),
    ...section(
      "Usual causes, the likeliest first",
      causes.map((cause, at) => `${at + 1}. ${cause}`),
    ),
    ...section("How to check", check === "" ? [] : [check]),
    ...(picture === "" ? [] : ["", `![${title}](${picture})`]),
    "",
  ].join("\n");
}
