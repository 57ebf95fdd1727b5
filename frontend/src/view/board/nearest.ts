/** The healthy run that is nearest to another by its hyper-parameters. */

import type { Hyperparameter } from "../../series/types";
import { runsWithData } from "../selection/selection";
import { parameterNames } from "./facts";
import { isHealthy } from "./health";
import { sweep } from "./sweep";

/** Another seed is the same training as near as can be. */
const SEED_WEIGHT = 0.01;
const SEED = /seed|repeat|fold|trial/i;
/** From this ratio of the largest to the smallest on, numbers are compared by their ratio. */
const WIDE = 9;

/** Among the runs at these places of the index; undefined without any. */
export function nearestHealthy(run: string, places: readonly number[]): string | undefined {
  const healthy = runsWithData.value.filter(
    ({ name, at }) => name !== run && places.includes(at) && isHealthy(name),
  );
  const names = parameterNames.value;
  const known = runsWithData.value.map(({ name }) => parametersOf(name));
  const distances = names.map((name) => distanceIn(known.map((parameters) => parameters[name])));
  const own = parametersOf(run);
  const distanceTo = (other: string) => {
    const theirs = parametersOf(other);
    const apart = names.map((name, at) => weightOf(name) * distances[at]!(own[name], theirs[name]));
    return apart.reduce((sum, distance) => sum + distance, 0);
  };
  const lossOf = (name: string) => sweep.value.get(name)?.loss?.value ?? Number.POSITIVE_INFINITY;
  const [nearest] = healthy
    .map(({ name }) => ({ name, distance: distanceTo(name), loss: lossOf(name) }))
    .sort((a, b) => a.distance - b.distance || (a.loss === b.loss ? 0 : a.loss - b.loss));
  return nearest?.name;
}

type Value = Hyperparameter | undefined;

function parametersOf(run: string): Readonly<Record<string, Hyperparameter>> {
  return sweep.value.get(run)?.hyperparameters ?? {};
}

function weightOf(name: string): number {
  return SEED.test(name) ? SEED_WEIGHT : 1;
}

/** Numbers are as far apart as their share of the range, by ratio where that is wide; others are equal or not. */
function distanceIn(all: readonly Value[]): (a: Value, b: Value) => number {
  const numbers = all.filter((value) => typeof value === "number");
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  const scale = least > 0 && most / least > WIDE ? Math.log : (value: number) => value;
  const range = scale(most) - scale(least) || 1;
  return (a, b) => {
    if (typeof a !== "number" || typeof b !== "number") return Number(a !== b);
    return Math.abs(scale(a) - scale(b)) / range;
  };
}
