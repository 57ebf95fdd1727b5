/** Layers in the order of their rows, grouped by the parts of their names. */

import { seriesId } from "../../series/series_id";
import type { Series } from "../../series/types";

export interface LayerRow {
  readonly kind: "layer";
  readonly id: string;
  readonly series: Series;
  readonly depth: number;
  /** The name without what the group headings above it say already. */
  readonly label: string;
}

export interface GroupRow {
  readonly kind: "group";
  readonly id: string;
  readonly path: string;
  readonly depth: number;
  readonly label: string;
  readonly layers: readonly Series[];
  readonly folded: boolean;
}

export type Row = LayerRow | GroupRow;

/** Fewer layers than this are a plain list: headings would say less than they cost. */
const GROUPING_FROM = 13;

/** A plain list of rows with whole names. */
export function layersToList(layers: readonly Series[]): readonly LayerRow[] {
  return layers.map((series) => toRow(series, 0, series.layer));
}

/** Rows with a heading before every run of neighbours that share the beginning of their names. */
export function layersToTree(layers: readonly Series[], folded: ReadonlySet<string>): readonly Row[] {
  if (layers.length < GROUPING_FROM) return layersToList(layers);
  return group(
    layers.map((series) => ({ series, parts: splitName(series.layer) })),
    0,
    0,
    folded,
  );
}

interface LayerParts {
  readonly series: Series;
  readonly parts: readonly string[];
}

/** `from`: how many parts of the names the headings above have used. */
function group(
  layers: readonly LayerParts[],
  from: number,
  depth: number,
  folded: ReadonlySet<string>,
): Row[] {
  const rows: Row[] = [];
  for (const members of neighbours(layers, from)) {
    const [first] = members;
    if (first === undefined) continue;
    if (members.length === 1) {
      rows.push(toRow(first.series, depth, toLabel(first.parts.slice(from))));
      continue;
    }
    const to = sharedParts(members, from);
    const path = first.parts.slice(0, to).join("");
    const heading: GroupRow = {
      kind: "group",
      id: `group:${path}`,
      path,
      depth,
      label: toLabel(first.parts.slice(from, to)),
      layers: members.map((member) => member.series),
      folded: folded.has(path),
    };
    rows.push(heading);
    if (!heading.folded) rows.push(...group(members, to, depth + 1, folded));
  }
  return rows;
}

/** Neighbours with the same part at `at`; a name that ends there stands alone. */
function neighbours(layers: readonly LayerParts[], at: number): LayerParts[][] {
  const groups: LayerParts[][] = [];
  for (const layer of layers) {
    const last = groups[groups.length - 1];
    const before = last?.[0];
    const open = before !== undefined && before.parts.length > at + 1 && layer.parts.length > at + 1;
    if (last && open && before.parts[at] === layer.parts[at]) last.push(layer);
    else groups.push([layer]);
  }
  return groups;
}

/** The end of the parts that all members share; each keeps at least its last part for itself. */
function sharedParts(members: readonly LayerParts[], from: number): number {
  const first = members[0]?.parts ?? [];
  const longest = Math.min(...members.map((member) => member.parts.length)) - 1;
  let to = from;
  while (to < longest && members.every((member) => member.parts[to] === first[to])) to++;
  return to;
}

/** "layer1.0.attn/q" as "layer1", ".0", ".attn", "/q". */
function splitName(name: string): string[] {
  return name.split(/(?=[./])/);
}

/** A slash stays: "/q" is a tensor of the module above it, "q" a module. */
function toLabel(parts: readonly string[]): string {
  return parts.join("").replace(/^\./, "");
}

function toRow(series: Series, depth: number, label: string): LayerRow {
  return { kind: "layer", id: seriesId(series), series, depth, label };
}
