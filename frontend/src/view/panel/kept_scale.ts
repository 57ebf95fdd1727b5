/** A value axis whose kind of scale stays what it was while somebody looks, whatever data comes in. */

import type { Tile } from "../../math/tile";
import type { ValueScale } from "../../math/value_scale";
import { shownRuns } from "../selection/selection";
import * as settings from "../settings/settings";
import { chooseScale } from "./value_range";

export type PlainKind = "linear" | "symlog";

export class KeptScale {
  private key = "";
  private kind: PlainKind | null = null;

  /** `complete`: whether the tiles of all runs are there; until then the kind may still change. */
  choose(tiles: readonly Tile[], complete: boolean, bins: number): ValueScale {
    const asked = settings.valueScale.value;
    if (asked !== "auto") return chooseScale(tiles, bins, asked);
    const key = [settings.range.value, ...shownRuns.value.map((run) => run.name)].join("\n");
    if (key !== this.key) this.kind = null;
    this.key = key;
    const scale = chooseScale(tiles, bins, this.kind ?? "auto");
    if (complete && scale.kind !== "native") this.kind = scale.kind;
    return scale;
  }
}

/** The kind that a layer's axis was switched to by its name; undefined where it was not. */
export function ownScaleOf(layer: string): PlainKind | undefined {
  const own = settings.ownScales.value;
  return (["linear", "symlog"] as const).find((kind) => own.includes(`${kind} ${layer}`));
}

/** Switches the axis of a layer to the other kind than the one it has. */
export function switchScale(layer: string, from: PlainKind): void {
  const others = settings.ownScales.peek().filter((own) => !own.endsWith(` ${layer}`));
  settings.ownScales.value = [...others, `${from === "linear" ? "symlog" : "linear"} ${layer}`];
}
