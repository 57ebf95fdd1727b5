import { expect, it } from "vitest";
import type { FindingAnswer } from "../../series/types";
import { placeOnBar } from "./measures";
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
  evidence: [
    { label: "values that are zero or tiny", value: "99.8 %", limit: "99 %" },
    { label: "records that show it", value: "135", limit: "" },
  ],
  layer_steps: [
    [65, 199],
    [70, 199],
  ],
};

it("places a figure beside its limit", () => {
  const place = (value: string, limit: string) => placeOnBar({ label: "", value, limit });
  expect(place("99.7 %", "99 %")?.map((share) => share.toFixed(3))).toEqual(["0.997", "0.990"]);
  expect(place("1,000 times", "10 times")?.[0]).toBeCloseTo(0.5 + 2 / 6);
  expect(place("2.5e+17", "2.5e+16")?.[0]).toBeCloseTo(0.5 + 1 / 6);
  expect(place("10^18 times", "50 times")).toEqual([1, 0.5]);
  expect(place("0.001", "5")).toEqual([0.02, 0.5]);
  expect([place("3", ""), place("conv1", "2"), place("not finite", "2"), place("0", "2")]).toEqual([
    null,
    null,
    null,
    null,
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
- records that show it: 135

### What to try

Lower the rate.

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
