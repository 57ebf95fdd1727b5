/** The value axis of panels that are compared: range and kind of scale, from their tiles and the settings. */

import type { Tile } from "../data/types";
import { chosenRange } from "../math/range";
import { ValueScale } from "../math/value_scale";
import * as settings from "./settings";

/** Ranges of runs further apart than this cannot be read on one linear axis. */
const SYMLOG_FROM = 12;

export function chooseScale(tiles: readonly Tile[]): ValueScale {
  const [lo, hi] = chosenRange(tiles, settings.range.value, settings.manualRange.value);
  const kind = settings.scale.value;
  if (kind === "native" && tiles.length > 0) return ValueScale.native(tiles, lo, hi);
  if (kind === "symlog") return ValueScale.symlog(lo, hi);
  if (kind === "auto" && isWide(tiles)) return ValueScale.symlog(lo, hi, linthresh(tiles, lo, hi));
  return ValueScale.linear(lo, hi);
}

function sizes(tiles: readonly Tile[]): number[] {
  return tiles
    .flatMap((tile) =>
      tile.range === null ? [] : [Math.max(Math.abs(tile.range[0]), Math.abs(tile.range[1]))],
    )
    .filter((size) => size > 0);
}

function isWide(tiles: readonly Tile[]): boolean {
  const all = sizes(tiles);
  return all.length > 1 && Math.max(...all) > SYMLOG_FROM * Math.min(...all);
}

/** A tenth of the narrowest run's range is drawn linearly. */
function linthresh(tiles: readonly Tile[], lo: number, hi: number): number {
  const most = Math.max(Math.abs(lo), Math.abs(hi));
  const least = Math.max(Math.min(...sizes(tiles)), most * 1e-8);
  return 10 ** (Math.floor(Math.log10(least)) - 1);
}
