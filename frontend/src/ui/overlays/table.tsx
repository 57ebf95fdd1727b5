/** The numbers of a row as a table: steps down, statistics across; for reading instead of looking. */

import { formatShare, formatSteps, formatValue } from "../../math/format";
import { quantiles } from "../../math/quantiles";
import { readShownCells } from "../../view/exports/exports";
import { BAND_WORDS, COUNTED_APART } from "../../view/panel/panel_summary";
import type { PanelLayer, PanelView } from "../../view/panel/panel_view";
import { tableOf } from "../settings/open_state";
import { Dialog } from "./dialog";

/** More lines than this are thinned evenly; the last one always stays. */
const LINES = 60;

export function TableDialog({ row }: { readonly row: PanelLayer }) {
  const close = () => {
    tableOf.value = null;
  };
  return (
    <Dialog kind="help table-dialog" label="Table" title={row.series.value.layer} close={close}>
      {row.panels.value.map((panel) => (
        <PanelTable key={panel.id} panel={panel} />
      ))}
    </Dialog>
  );
}

const HEADS = ["step", "mean", "std", "min", "p5", "p25", "median", "p75", "p95", "max"];

function PanelTable({ panel }: { readonly panel: PanelView }) {
  const shown = readShownCells(panel);
  if (shown === null) return <p>{panel.run}: no data is shown.</p>;
  const { tile, from, to } = shown;
  const { columns } = tile;
  const percentiles = quantiles(tile);
  const count = Math.min(LINES, to - from);
  const lines = Array.from(
    { length: count },
    (_, at) => from + Math.round(((at + 1) * (to - from)) / count) - 1,
  );
  const figures = [columns.mean, columns.std, columns.min, ...percentiles, columns.max];
  const part = formatSteps(columns.firstStep[from] ?? 0, columns.lastStep[to - 1] ?? 0);
  const whole = formatSteps(tile.firstStep, tile.lastStep);
  // Zeros of other tools are not known.
  const apart = COUNTED_APART.filter((name) =>
    name === "zeros" ? tile.source === "blocks" : columns[name].some(Boolean),
  );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <section class="table-scroll" tabIndex={0} aria-label={`Statistics of ${panel.run}`}>
      <table class="numbers">
        <caption>
          {panel.run}, steps {part}
          {part === whole ? "" : ` of ${whole}`}
          {count < to - from ? `, ${count} of ${to - from} columns` : ""}
        </caption>
        <thead>
          <tr>
            {[...HEADS, ...apart.map((name) => BAND_WORDS[name])].map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map((c) => (
            <tr key={c}>
              <th scope="row">{formatSteps(columns.firstStep[c] ?? 0, columns.lastStep[c] ?? 0)}</th>
              {figures.map((values, at) => (
                <td key={HEADS[at + 1]}>{formatValue(values[c] ?? Number.NaN)}</td>
              ))}
              {apart.map((name) => (
                <td key={name}>{formatShare((columns[name][c] ?? 0) / Math.max(1, columns.n[c] ?? 1))}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
