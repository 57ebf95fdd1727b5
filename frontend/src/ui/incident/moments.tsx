/** Histograms of the layer before, at and after the first step, on one value axis. */

import { useRef } from "preact/hooks";
import { sizesOf } from "../../math/common_range";
import { formatExact, formatShare, formatValue } from "../../math/format";
import { rangeOf } from "../../math/range";
import { type CellGrid, rebin, takeZeros } from "../../math/rebin";
import { columnShares } from "../../math/slice_shares";
import type { Tile } from "../../math/tile";
import { ValueScale } from "../../math/value_scale";
import type { FindingAnswer } from "../../series/types";
import { columnSizes, type ExactMoment, moments } from "../../view/findings/incident_data";
import { chooseLinthresh, isWide } from "../../view/panel/value_range";
import { colourOfRun } from "../../view/selection/selection";
import { Ticks } from "./ticks";
import { useWidth } from "./width";

const BINS = 64;
const HISTOGRAM_PX = 44;
const DECADES = 40;
const TICK_EVERY_PX = 70;

export function Moments({ finding }: { readonly finding: FindingAnswer }) {
  const place = useRef<HTMLDivElement>(null);
  const width_px = useWidth(place).value;
  const scale = commonScale(moments.value.map(({ tile }) => tile));
  return (
    <div ref={place} class="moments">
      {moments.value.map((moment) => (
        <Histogram key={moment.name} moment={moment} scale={scale} width_px={width_px} run={finding.run} />
      ))}
      <div class="chain-axis" aria-hidden="true">
        <Ticks ticks={scale.ticks(Math.max(2, Math.floor(width_px / TICK_EVERY_PX)))} />
      </div>
    </div>
  );
}

/** Linear where the sizes allow it, else symlog. */
function commonScale(tiles: readonly Tile[]): ValueScale {
  const [lo, hi] = rangeOf(tiles, "auto") ?? [0, 1];
  const sizes = sizesOf(tiles);
  if (!isWide(sizes)) return ValueScale.linear(lo, hi);
  return ValueScale.symlog(lo, hi, chooseLinthresh(sizes, lo, hi, DECADES));
}

interface HistogramProps {
  readonly moment: ExactMoment;
  readonly scale: ValueScale;
  readonly width_px: number;
  readonly run: string;
}

function Histogram({ moment: { name, step, tile }, scale, width_px, run }: HistogramProps) {
  const words = tileToWords(tile);
  const colour = colourOfRun(run);
  return (
    <figure>
      <figcaption>
        <b>{name}</b> step {formatExact(step)} <span class="facts-line">{words}</span>
      </figcaption>
      <svg width={width_px} height={HISTOGRAM_PX} role="img" aria-label={`${name}, step ${step}: ${words}`}>
        <path
          d={outline(tile, scale, width_px)}
          fill={colour}
          fill-opacity="0.2"
          stroke={colour}
          stroke-width="1.2"
        />
      </svg>
    </figure>
  );
}

/** Size, zeros and what is no number. */
function tileToWords({ columns }: Tile): string {
  const { n, zeros, nans, posInfs, negInfs } = columns;
  const shares: readonly (readonly [string, number])[] = [
    ["zeros", zeros[0]!],
    ["NaN", nans[0]!],
    ["infinite", posInfs[0]! + negInfs[0]!],
  ];
  const apart = shares.flatMap(([word, count]) => (count > 0 ? `${formatShare(count / n[0]!)} ${word}` : []));
  return [`size ${formatValue(columnSizes(columns)[0]!)}`, ...apart].join(", ");
}

/** Exact zeros are given in words: nearly always they would be one spike that flattens the rest. */
function cellsOf(tile: Tile, scale: ValueScale): CellGrid {
  const grid = rebin(tile, scale.edges(BINS));
  if (tile.columns.zeros[0]! < tile.columns.n[0]!) takeZeros(grid, tile.columns.zeros);
  return grid;
}

/** Each on its own height: a collapsed layer is one spike, which would flatten the others. */
function outline(tile: Tile, scale: ValueScale, width_px: number): string {
  const shares = columnShares(cellsOf(tile, scale), 0, Math.max(1, tile.columns.n[0]!));
  const most = Math.max(...shares) || 1;
  const each_px = width_px / shares.length;
  let path = `M0 ${HISTOGRAM_PX}`;
  shares.forEach((share, at) => {
    const y = HISTOGRAM_PX - (HISTOGRAM_PX - 2) * (share / most);
    path += `V${y.toFixed(1)}H${((at + 1) * each_px).toFixed(1)}`;
  });
  return `${path}V${HISTOGRAM_PX}`;
}
