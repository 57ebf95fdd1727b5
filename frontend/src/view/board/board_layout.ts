/** Sizes of the board and what of it is in sight. */

import { computed } from "@preact/signals";
import { stableList } from "../reactive/stable_list";
import { boardFrame, boardLeft_px, boardTop_px } from "./board_frame";
import { type BoardRow, boardRows } from "./board_rows";
import { boardNames, columnWidth_px, factColumns, shareOfPage_px } from "./facts";
import { type Stage, stages } from "./stages";

const LEAST_CELL_PX = 40;
const MOST_CELL_PX = 150;
/** Cells that are wider have their layer's name across, others upright. */
const WIDE_CELL_PX = 92;
/** A line between rows takes one of them from the 24 that a target has. */
const LEAST_ROW_PX = 25;
const MOST_ROW_PX = 40;
const LEAST_HEAD_PX = 52;
const MOST_HEAD_PX = 116;
/** Around an upright name, with the arrow of what is sorted by. */
const AROUND_NAME_PX = 34;
/** Under the name of a folded stage. */
const FOLD_PX = 24;
const ACROSS_HEAD_PX = 32;
/** Heads of unfolded stages. */
export const BAND_PX = 25;
/** Around the picture in a cell. */
export const CELL_GAP_PX = 4;
const RIGHT_PX = 12;
/** Rows that share a canvas: the browser puts canvases together one by one, which took 8 ms a frame with one a row. */
export const STRIP_ROWS = 4;
/** Columns come and go by so many at a time. */
const COLUMN_BLOCK = 8;
const FEW_COLUMNS = 40;
const MANY_COLUMNS = 100;
/** A narrower page keeps nothing but the names in sight. */
const STICKY_SHARE = 0.6;

/** Of the page, where parameters stand beside the names, and where they do not. */
const NAME_SHARE = 0.16;
const NARROW_NAME_SHARE = 0.38;
const LEAST_NAME_PX = 90;
const MOST_NAME_PX = 230;
const LETTER_PX = 6.6;

export const names_px = computed(() => {
  const room_px = shareOfPage_px(NAME_SHARE, NARROW_NAME_SHARE);
  const lengths = [...boardNames.value.values()].map((name) => name.length);
  const wanted_px = Math.max(0, ...lengths) * LETTER_PX + 40;
  return Math.round(Math.max(LEAST_NAME_PX, Math.min(MOST_NAME_PX, room_px, wanted_px)));
});

/** Width of each column before the layers. */
export const factWidths_px = computed(() => factColumns.value.map(columnWidth_px));

const facts_px = computed(() => factWidths_px.value.reduce((sum, width_px) => sum + width_px, 0));

/** Left end of the first layer. */
export const stagesLeft_px = computed(() => names_px.value + facts_px.value);

/** Whether the facts stay in sight beside the names. */
export const factsStick = computed(() => stagesLeft_px.value < STICKY_SHARE * boardFrame.value.width_px);

/** What stays beside the names when the board is scrolled to the right. */
export const fixed_px = computed(() => (factsStick.value ? stagesLeft_px.value : names_px.value));

export const cell_px = computed(() => {
  const room_px = boardFrame.value.width_px - stagesLeft_px.value - RIGHT_PX;
  const each_px = Math.floor(room_px / Math.max(1, stages.value.length));
  return Math.max(LEAST_CELL_PX, Math.min(MOST_CELL_PX, each_px));
});

export const wideCells = computed(() => cell_px.value >= WIDE_CELL_PX);

export const hasBands = computed(() => stages.value.some(({ inside }) => inside !== ""));

/** As high as the longest upright name. */
const uprightHead_px = computed(() => {
  const names = stages.value.map(({ label, path }) => label.length * LETTER_PX + (path ? FOLD_PX : 0));
  return Math.max(LEAST_HEAD_PX, Math.min(MOST_HEAD_PX, AROUND_NAME_PX + Math.max(...names)));
});

export const head_px = computed(
  () => (wideCells.value ? ACROSS_HEAD_PX : uprightHead_px.value) + (hasBands.value ? BAND_PX : 0),
);

export const row_px = computed(() => {
  const room_px = boardFrame.value.height_px - head_px.value;
  const each_px = Math.floor(room_px / Math.max(1, boardRows.value.length));
  return Math.max(LEAST_ROW_PX, Math.min(MOST_ROW_PX, each_px));
});

export const boardWidth_px = computed(
  () => stagesLeft_px.value + stages.value.length * cell_px.value + RIGHT_PX,
);

/** Columns of records in a cell. */
export const recordColumns = computed(() =>
  cell_px.value - 2 * CELL_GAP_PX > 1.5 * FEW_COLUMNS ? MANY_COLUMNS : FEW_COLUMNS,
);

/** On the screen or just beyond its edge: the rows of whole canvases. */
export const rowsInSight = stableList(() => {
  const canvas = Math.floor(boardTop_px.value / row_px.value / STRIP_ROWS);
  const first = Math.max(0, canvas - 1) * STRIP_ROWS;
  return placedBoardRows.value.slice(first, first + rowCount.value);
});

/** As many at most, so that the elements of a row that leaves serve the one that comes. */
export const rowCount = computed(
  () => (Math.ceil(boardFrame.value.height_px / row_px.value / STRIP_ROWS) + 3) * STRIP_ROWS,
);

export interface PlacedBoardRow {
  readonly row: BoardRow;
  /** Place among all rows. */
  readonly at: number;
}

const placedBoardRows = computed<readonly PlacedBoardRow[]>(() =>
  boardRows.value.map((row, at) => ({ row, at })),
);

/** First stage on the screen, and the one after the last. */
const stageSpan = stableList(() => {
  // What does not stick leaves more room for stages as it is scrolled away.
  const left_px = factsStick.value ? boardLeft_px.value : boardLeft_px.value - stagesLeft_px.value;
  const right_px = boardLeft_px.value + boardFrame.value.width_px - stagesLeft_px.value;
  const block_px = COLUMN_BLOCK * cell_px.value;
  return [Math.floor(left_px / block_px), Math.ceil(right_px / block_px)].map((at) =>
    Math.max(0, at * COLUMN_BLOCK),
  );
});

export interface PlacedStage {
  readonly stage: Stage;
  /** Place among all stages. */
  readonly at: number;
}

export const stagesInSight = stableList(() => {
  const [from = 0, to = 0] = stageSpan.value;
  return placedStages.value.slice(from, to);
});

const placedStages = computed<readonly PlacedStage[]>(() => stages.value.map((stage, at) => ({ stage, at })));
