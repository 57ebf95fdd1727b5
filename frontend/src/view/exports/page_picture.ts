/** All shown layers as one picture, whether they are on the screen or not. */

import { stepToUnit } from "../../math/column_spans";
import { formatValue } from "../../math/format";
import { toUnit } from "../../math/step_axis";
import {
  type PagePicture,
  type PictureHead,
  type PictureScalar,
  pageDrawing,
} from "../../paint/page_picture";
import type { Picture, PictureMark, PicturePanel, Points } from "../../paint/picture";
import { pictureSize } from "../../paint/picture_layout";
import { findingsOf } from "../findings/findings";
import { rows } from "../layout/rows";
import { clocks, sharedAxis } from "../panel/known_panels";
import type { LayerView } from "../panel/layer_view";
import type { PanelView } from "../panel/panel_view";
import { withEnlarged } from "../screen/loading";
import { extents, heightOf, scalarKey, series, shownTags } from "../screen/scalars";
import { layerViews } from "../screen/views";
import { runColour, type ShownRun, shortRunNames, shownRuns } from "../selection/selection";
import { scalarScale } from "../settings/settings";
import { fileName } from "./export_text";
import { drawingToFile, joinNotes, type PictureNote, pictureNotes, rowToPicture } from "./exports";

/** Browsers make no canvas that is higher than 16,384 device pixels. */
const MOST_PX = 8_000;
const MOST_NOTES = 12;
/** Layers that are fetched and drawn at a time. */
const AT_ONCE = 8;
const STRIP_PX = 28;
const LEAST_PX = 60;
const MARKS_NOTE =
  "A bar along the top of a heatmap marks the steps of a finding (red: error, orange: warning, blue: info)";
const TONES = { error: "#d32f2f", warning: "#ef8f00", info: "#1976d2" };

/** bare: without the marks of findings and the scalars. null without any layer that has data. */
export async function exportPage(format: "png" | "svg", bare: boolean): Promise<File | null> {
  const page = await readPage(bare);
  return page && drawingToFile(pageDrawing(page), format, fileName([page.title], format).slice(0, -4));
}

async function readPage(bare: boolean): Promise<PagePicture | null> {
  const runs = shownRuns.peek();
  const layers = rows.peek().flatMap((row) => (row.kind === "layer" ? [row.id] : []));
  const pictures: Picture[] = [];
  const notes: PictureNote[] = [];
  let height_px = 0;
  for (let at = 0; at < layers.length && height_px < MOST_PX; at += AT_ONCE) {
    const some = layers.slice(at, at + AT_ONCE);
    await withEnlarged(some, () => {
      for (const id of some) {
        const view = layerViews.peek().get(id);
        const picture = view && readRow(view, runs, pictures.length === 0, bare);
        if (!picture || height_px + pictureSize(picture).height_px > MOST_PX) continue;
        height_px += pictureSize(picture).height_px;
        pictures.push(picture);
        const { layer } = view.series.peek();
        const panels = view.panels.peek();
        const own = joinNotes(panels.flatMap(pictureNotes), panels.length);
        notes.push(...own.map((note) => ({ about: layer, note })));
      }
    });
  }
  if (pictures.length === 0) return null;
  const all = joinNotes(notes, pictures.length);
  const more = all.length - MOST_NOTES;
  const left = layers.length - pictures.length;
  const apart = pictures.some(({ apart }) => apart);
  return {
    title: `${pictures.length} layers, ${runs.length === 1 ? runs[0]?.name : `${runs.length} runs`}`,
    heads: runs.map((run) => readHead(run, bare)),
    rows: pictures.map((row) => ({ ...row, apart })),
    notes: [
      ...(bare ? [] : [MARKS_NOTE]),
      ...all.slice(0, MOST_NOTES),
      ...(more > 0 ? [`and ${more} more notes on single layers`] : []),
      ...(left > 0 ? [`${left} more layers are not in this picture, which would be too high`] : []),
    ],
    theme: pictures[0]!.theme,
  };
}

/** With a panel for each run. null while there is nothing to draw. */
function readRow(view: LayerView, runs: readonly ShownRun[], first: boolean, bare: boolean): Picture | null {
  const drawn = view.panels.peek().filter((panel) => panel.grid.peek() !== null);
  if (drawn.length === 0) return null;
  const open = view.open.peek();
  const picture = rowToPicture(view, open ? Math.max(LEAST_PX, view.layout.peek().heatHeight_px) : STRIP_PX);
  const panels = runs.map(({ name }): PicturePanel => {
    const at = drawn.findIndex((panel) => panel.run === name);
    const panel = picture.panels[at];
    if (panel === undefined) return { ...picture.panels[0]!, ...ABSENT };
    return {
      ...panel,
      heading: "",
      // One legend is enough.
      lines: first ? panel.lines : panel.lines.map((line) => ({ ...line, label: "" })),
      marks: bare ? [] : readMarks(drawn[at]!),
      yTicks: open ? panel.yTicks : [],
    };
  });
  const apart = panels.some(({ yTicks }) => JSON.stringify(yTicks) !== JSON.stringify(panels[0]!.yTicks));
  return {
    ...picture,
    panels,
    apart,
    bars: open ? picture.bars : [],
    yLabel: open ? picture.yLabel : "",
    xLabel: first ? picture.xLabel : "",
  };
}

const ABSENT = { heading: "", raster: null, bands: [], lines: [], marks: [], strip: null } as const;

function readMarks(panel: PanelView): readonly PictureMark[] {
  const columns = panel.data.tile.peek()?.columns;
  const clock = panel.clock.peek();
  if (!columns || clock === null) return [];
  const axis = panel.axis.peek();
  const share = (step: number) =>
    Math.min(1, Math.max(0, axis.unitToFraction(stepToUnit(axis.kind, step, columns, clock))));
  return findingsOf(panel).map(({ first_step, last_step, severity }) => ({
    from: share(first_step),
    to: share(last_step + 1),
    colour: TONES[severity],
  }));
}

function readHead({ name, at }: ShownRun, bare: boolean): PictureHead {
  const scalars = bare ? [] : shownTags.peek().map((tag) => readScalar(name, tag));
  return { heading: shortRunNames.peek().get(name) ?? name, colour: runColour(at), scalars };
}

/** On the axes of the page; broken where it leaves them, ↑ where that is above. */
function readScalar(run: string, tag: string): PictureScalar {
  const scalar = series.peek().get(scalarKey(run, tag));
  const extent = extents.peek().get(scalarKey(run, tag));
  const clock = clocks.peek().get(run);
  if (!scalar || !extent || !clock) return { label: `${tag}: not logged`, curves: [] };
  const axis = sharedAxis.peek();
  const curves: Points[] = [];
  let points: (readonly [number, number])[] = [];
  const flush = () => {
    if (points.length > 1) curves.push(points);
    points = [];
  };
  scalar.steps.forEach((step, at) => {
    const across = axis.unitToFraction(toUnit(axis.kind, step, scalar.wall_times[at] ?? 0, clock));
    const up = heightOf(extent, scalar.values[at]);
    if (across >= 0 && across <= 1 && up >= 0 && up <= 1) points.push([across, up]);
    else flush();
  });
  flush();
  const [lo, hi] = extent.map((value) => formatValue(value, 2));
  const above = scalar.values.some((value) => value !== null && value > extent[1]) ? " ↑" : "";
  const scale = scalarScale.peek() === "log" ? ", log" : "";
  return { label: `${tag} (${lo} to ${hi}${scale})${above}`, curves };
}
