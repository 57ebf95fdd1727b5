import { describe, expect, it } from "vitest";
import { COMPARISON_SHAPE, FINDINGS_SHAPE, fitShape, INDEX_SHAPE, SCALARS_SHAPE } from "./answer_shape";

const ODD: readonly unknown[] = [undefined, null, true, 0, -1, "x", "__proto__", [], [null], {}, [[{}]]];

const SHAPES = {
  index: INDEX_SHAPE,
  findings: FINDINGS_SHAPE,
  comparison: COMPARISON_SHAPE,
  scalars: SCALARS_SHAPE,
};

/** Every value that an odd one in place of one part of a right answer makes. */
function* broken(value: unknown): Generator<unknown> {
  yield* ODD;
  if (typeof value !== "object" || value === null) return;
  for (const [name, part] of Object.entries(value))
    for (const odd of broken(part))
      yield Array.isArray(value) ? value.with(Number(name), odd) : { ...value, [name]: odd };
}

/** Whether all that the shape names is of its type. */
function fits(value: unknown, shape: unknown): boolean {
  if (Array.isArray(shape))
    return Array.isArray(value) && (shape.length === 0 || value.every((item) => fits(item, shape[0])));
  if (typeof shape !== "object" || shape === null) return typeof value === typeof shape;
  if (typeof value !== "object" || value === null) return false;
  const fields = value as Record<string, unknown>;
  return Object.entries(shape).every(([name, part]) => fits(fields[name], part));
}

describe("the shape of an answer", () => {
  it.each(Object.entries(SHAPES))("is that of the %s, whatever the server sends", (_, shape) => {
    const answers = [...broken(shape)];
    expect(answers.length).toBeGreaterThan(30);
    for (const answer of answers) expect(fits(fitShape(answer, shape), shape)).toBe(true);
  });

  it("is empty where something is missing", () => {
    const [run] = (fitShape({ runs: [null] }, INDEX_SHAPE) as typeof INDEX_SHAPE).runs;
    expect(run).toEqual({
      name: "",
      info: { silent: [], errors: [], changes: [], cadence: "", overhead: "" },
      scalars: [],
    });
  });

  it("leaves a right answer and what it does not name as they are", () => {
    const run = { name: "a", start_time: null, info: { ...INDEX_SHAPE.runs[0]!.info }, scalars: ["loss"] };
    const answer = { version: 1, runs: [run], series: [], warnings: ["w"], later: 5 };
    expect(fitShape(answer, INDEX_SHAPE)).toEqual(answer);
  });
});
