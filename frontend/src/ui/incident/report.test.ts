import { expect, it } from "vitest";
import type { FindingAnswer } from "../../series/types";
import { findingToMeasures } from "./measures";
import { incidentToMarkdown } from "./report";

const FINDING: FindingAnswer = {
  kind: "collapsed",
  run: "lr=1",
  layers: ["conv", "fc"],
  tags: ["activations/conv", "activations/fc"],
  first_step: 65,
  last_step: 199,
  severity: "error",
  figures: { idle_share: 0.998, idle_share_before: 0.4, records: 135, layer: "conv", steps: [1, 2] },
  threshold: { collapsed_share: 0.99 },
  source: "",
  title: "conv and 1 more layer: collapsed to zero at step 65",
  advice: "Lower the rate.",
  incident: 1,
  confidence: 0.9,
  causes: ["a learning rate that is too high", "weights at 0"],
  code: "lr = lr / 10",
  check: "Run it again.",
  evidence: [],
  layer_steps: [
    [65, 199],
    [70, 199],
  ],
};

it("tells what was measured beside its limit, in plain words", () => {
  expect(findingToMeasures(FINDING)).toEqual([
    { words: "values that are zero or tiny", measured: "99.8 %", limit: "99 %", bar: [0.998, 0.99] },
    { words: "idle share before", measured: "40 %", limit: "", bar: null },
    { words: "records", measured: "135", limit: "", bar: null },
    { words: "layer", measured: "conv", limit: "", bar: null },
  ]);
  const made = { figures: { growth: 500, rms: 5000, rms_before: 1 }, threshold: { growth: 50, level: 100 } };
  const [growth, size, before] = findingToMeasures({ ...FINDING, ...made });
  expect([growth?.limit, size?.words, before?.words]).toEqual(["50", "size of the values", "size before"]);
  expect(growth?.bar?.[0]).toBeCloseTo(0.5 + 1 / 6);
  const unknown = { figures: { wobble_share: 0.5 }, threshold: { wobble_share: 0.25 } };
  expect(findingToMeasures({ ...FINDING, ...unknown })).toEqual([
    { words: "wobble share", measured: "50 %", limit: "25 %", bar: [0.5, 0.25] },
  ]);
});

it("writes an incident as Markdown, with its picture", () => {
  const chain = FINDING.layers.map((layer, at) => {
    const [first_step, last_step] = FINDING.layer_steps[at]!;
    return { finding: FINDING, layer, tag: FINDING.tags[at]!, first_step, last_step };
  });
  const told = { finding: FINDING, chain, link: "http://here/#x", picture: "data:image/png;base64,AA" };
  expect(incidentToMarkdown(told)).toBe(`## conv and 1 more layer: collapsed to zero at step 65

Run \`lr=1\`, steps 65–199, error. [Open this view](http://here/#x)

### What happened

| | layer | finding | steps |
|---|---|---|---|
| 1 | \`conv\` | collapsed | 65–199 |
| 2 | \`fc\` | collapsed | 70–199 |

### Measured

- values that are zero or tiny: 99.8 % (threshold 99 %)
- idle share before: 40 %
- records: 135
- layer: conv

### What to try

\`\`\`python
lr = lr / 10
\`\`\`

### Usual causes, the likeliest first

1. a learning rate that is too high
2. weights at 0

### How to check

Run it again.

![conv and 1 more layer: collapsed to zero at step 65](data:image/png;base64,AA)
`);
  const bare = { ...FINDING, causes: [], code: "", check: "" };
  const words = incidentToMarkdown({ ...told, finding: bare, picture: "" });
  expect(words).toContain("### What to try\n\nLower the rate.\n");
  expect(words).not.toMatch(/Usual causes|How to check|!\[/);
});
