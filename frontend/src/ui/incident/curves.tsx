/** Loss, learning rate and size of the gradients on the time axis of the chain. */

import { stepToUnit } from "../../math/column_spans";
import { formatValue } from "../../math/format";
import type { StepAxis } from "../../math/step_axis";
import { lastAtMost } from "../../math/value_scale";
import type { FindingAnswer } from "../../series/types";
import { columnSizes, related, scalarOf, tileOf, wantedScalars } from "../../view/findings/incident_data";
import { clocks, sharedAxis } from "../../view/panel/known_panels";
import { placePoints, pointsToPath, type ScalarPoints } from "../../view/screen/scalar_curve";
import { extentOf, heightOf } from "../../view/screen/scalars";
import { colourOfRun } from "../../view/selection/selection";

const CURVE_PX = 24;
const PAD_PX = 2;

interface Props {
  readonly finding: FindingAnswer;
  readonly width_px: number;
}

/** ScalarPoints on the time axis, and their steps. */
interface Curve extends ScalarPoints {
  readonly name: string;
  readonly steps: ArrayLike<number>;
}

export function Curves({ finding, width_px }: Props) {
  const curves = [...scalarCurves(finding.run), ...gradientCurve(finding.run)];
  return (
    <>
      {curves.map((curve) => (
        <CurveLine key={curve.name} curve={curve} finding={finding} width_px={width_px} />
      ))}
    </>
  );
}

function scalarCurves(run: string): readonly Curve[] {
  const clock = clocks.value.get(run);
  if (clock === undefined) return [];
  return wantedScalars.value.flatMap((tag) => {
    const scalar = scalarOf(tag);
    if (scalar === undefined) return [];
    return [{ name: tag, steps: scalar.steps, ...placePoints(scalar, sharedAxis.value.kind, clock) }];
  });
}

/** Root mean square of the first layer's gradients, where they were recorded. */
function gradientCurve(run: string): readonly Curve[] {
  const series = related.value.find(({ kind }) => kind === "gradients" || kind === "weight_gradients");
  const columns = series && tileOf(series.tag)?.columns;
  const clock = clocks.value.get(run);
  if (!columns?.length || clock === undefined) return [];
  const steps = Array.from(columns.firstStep);
  const units = steps.map((step) => stepToUnit(sharedAxis.value.kind, step, columns, clock));
  return [{ name: `gradients of ${series?.layer}`, units, steps, values: [...columnSizes(columns)] }];
}

function CurveLine({ curve, finding, width_px }: Props & { readonly curve: Curve }) {
  const at = lastAtMost(curve.steps, finding.first_step);
  const value = formatValue(curve.values[Math.max(0, at)] ?? Number.NaN);
  const words = `${value} at step ${finding.first_step}`;
  return (
    <div class="chain-line" title={`${curve.name}: ${words}`}>
      <span class="chain-name">
        <span class="ellipsis">{curve.name}</span>
        <span class="facts-line">{value}</span>
      </span>
      <svg width={width_px} height={CURVE_PX} role="img" aria-label={`${curve.name}: ${words}`}>
        <path
          d={curveToPath(curve, sharedAxis.value, width_px)}
          fill="none"
          stroke={colourOfRun(finding.run)}
          stroke-width="1.3"
        />
      </svg>
    </div>
  );
}

/** On the height of what is shown. */
function curveToPath({ units, values }: Curve, axis: StepAxis, width_px: number): string {
  const isShown = (_: number, at: number) => units[at]! >= axis.lo && units[at]! <= axis.hi;
  const extent = extentOf([values.filter(isShown).filter(Number.isFinite)]) ?? [0, 1];
  return pointsToPath({ units, values }, axis, {
    width_px,
    height_px: CURVE_PX,
    pad_px: PAD_PX,
    heightOf: (value) => heightOf(extent, value),
  });
}
