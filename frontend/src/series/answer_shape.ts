/** Answers as the page relies on them: a field that is missing or of another type is empty instead. */

const TEXTS = [""];
const NUMBERS = [0];

/** An example of each answer that is JSON: what a field is of, and what it is when it is not. */
export const INDEX_SHAPE = {
  runs: [
    {
      name: "",
      info: { silent: TEXTS, errors: TEXTS, changes: TEXTS, cadence: "", overhead: "" },
      scalars: TEXTS,
    },
  ],
  series: [
    {
      tag: "",
      layer: "",
      kind: "",
      phase: "",
      type: "",
      bins: {},
      runs: NUMBERS,
      shapes: [NUMBERS],
      dtypes: TEXTS,
      steps: NUMBERS,
      times: NUMBERS,
    },
  ],
  warnings: TEXTS,
};
export const FINDINGS_SHAPE = {
  findings: [
    {
      kind: "",
      title: "",
      advice: "",
      layers: TEXTS,
      tags: TEXTS,
      figures: {},
      threshold: {},
      incident: 0,
      confidence: 0,
      causes: TEXTS,
      code: "",
      check: "",
      evidence: [{ label: "", value: "", limit: "" }],
    },
  ],
  runs: 0,
  unchecked: TEXTS,
  pending: 0,
  errors: TEXTS,
};
export const SWEEP_SHAPE = { runs: [{ name: "", hyperparameters: {} }] };
export const BOARD_SHAPE = {
  shares: NUMBERS,
  cells: [{ run: 0, series: 0, last_step: 0, steps: NUMBERS, quantiles: "", non_finite: NUMBERS, error: "" }],
  pending: 0,
};
export const COMPARISON_SHAPE = {
  a: "",
  b: "",
  differing: [{ tag: "", first_step: 0, moved: 0, octaves: 0 }],
  equal: TEXTS,
  first_step: 0,
  last_step: 0,
  notes: TEXTS,
};
export const SLICES_SHAPE = {
  slices: 0,
  per_row: 0,
  order: NUMBERS,
  first_steps: NUMBERS,
  last_steps: NUMBERS,
  values: [[]],
};
export const SCALARS_SHAPE = { steps: NUMBERS, wall_times: NUMBERS, values: [] };

/** The value with every part that the shape names of the shape's own type; other parts stay. */
export function fitShape(value: unknown, shape: unknown): unknown {
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return [];
    return shape.length > 0 ? value.map((item) => fitShape(item, shape[0])) : value;
  }
  if (typeof shape !== "object" || shape === null) return typeof value === typeof shape ? value : shape;
  const fields: Record<string, unknown> = typeof value === "object" ? { ...value } : {};
  for (const [name, part] of Object.entries(shape)) fields[name] = fitShape(fields[name], part);
  return fields;
}
