/** How the heatmaps are read: a picture with numbers and what each of them is; and a strip that leads there once. */

import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { dark } from "../../view/catalog/catalog";
import { pixelRatio } from "../../view/layout/metrics";
import { currentLut } from "../../view/panel/colour_tables";
import { boardOpen, depthOpen } from "../../view/selection/selection";
import { helpOpen } from "../settings/open_state";
import { IconButton } from "../widgets/controls";
import { recallChoice, rememberChoice } from "../widgets/memory";

/** Places of the numbers on the picture, in percent from its top left corner, and what stands there. */
const PARTS: readonly (readonly [left: number, top: number, head: string, words: string])[] = [
  [
    50,
    97,
    "Time",
    "is the horizontal axis. Each column is one recorded step, or a few neighbouring steps if there is no room for each.",
  ],
  [
    3,
    42,
    "Values",
    "of the layer are the vertical axis. Click the word at the axis to switch between linear and symlog, which shows small and large values together.",
  ],
  [
    30,
    42,
    "Colour",
    "shows how many of the step's values are in a cell: dark for few, bright for many. The colour bar beside the layer has the numbers.",
  ],
  [20, 87, "The row under the line", "counts exact zeros separately, such as those of a ReLU."],
  [58, 17, "▲ and ▼", "count the values above and below the axis."],
  [88, 10, "NaN, +∞, −∞", "have their own rows, which appear only if there are such values."],
  [
    72,
    2,
    "A bar above the panel",
    "marks the steps of a finding: red for an error, brown or yellow for a warning, blue for an info. Click it for an explanation.",
  ],
];

export function HowToRead() {
  return (
    <section class="reading">
      <h3>How to read this</h3>
      <div class="reading-picture">
        <Picture />
        {PARTS.map(([left, top, head], at) => (
          <span
            key={head}
            class="reading-number"
            style={{ left: `${left}%`, top: `${top}%` }}
            aria-hidden="true"
          >
            {at + 1}
          </span>
        ))}
      </div>
      <ol>
        {PARTS.map(([, , head, words]) => (
          <li key={head}>
            <b>{head}</b> {words}
          </li>
        ))}
      </ol>
      <p>
        At the right of each layer stands the histogram of one step: click a heatmap to choose it, and drag
        over it to zoom in.
      </p>
    </section>
  );
}

const WIDTH_PX = 340;
const HEIGHT_PX = 190;
/** Cells of whole pixels, so that no seams show between them. */
const COLUMNS = 62;
const ROWS = 24;
/** At the axis, with their heights. */
const LABELS: readonly (readonly [string, number])[] = [
  ["NaN", 23],
  ["▲", 30],
  ["2", 56],
  ["0", 95],
  ["−2", 134],
  ["zeros", 162],
];
/** From here on the made-up layer explodes, and from there on it is NaN; shares of the width. */
const EXPLODES = 0.6;
const BREAKS = 0.85;

function Picture() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const ratio = pixelRatio.value;
  const lut = currentLut();
  const isDark = dark.value;
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint(context, (share) => `#${hex(lut[Math.round(share * 255)] ?? 0)}`);
  }, [ratio, lut, isDark]);
  return (
    <canvas
      ref={canvas}
      width={WIDTH_PX * ratio}
      height={HEIGHT_PX * ratio}
      role="img"
      aria-label="A heatmap with numbered parts; the list explains them."
    />
  );
}

/** Bytes of a colour are R, G, B in memory. */
function hex(colour: number): string {
  return [0, 8, 16].map((shift) => ((colour >>> shift) & 255).toString(16).padStart(2, "0")).join("");
}

/** A layer that spreads out slowly, explodes, and ends in NaN. */
function paint(context: CanvasRenderingContext2D, colourOf: (share: number) => string): void {
  const style = getComputedStyle(document.documentElement);
  const ink = (name: string) => style.getPropertyValue(`--${name}`);
  const [left, top, right, bottom] = [30, 32, WIDTH_PX, 152];
  const each = { width: (right - left) / COLUMNS, height: (bottom - top) / ROWS };
  const band = (y: number, share: (x: number) => number) => {
    for (let column = 0; column < COLUMNS; column++) {
      const part = share(column / COLUMNS);
      context.fillStyle = part > 0 ? colourOf(part) : ink("plot-bg");
      context.fillRect(left + column * each.width, y, each.width, 5);
    }
  };
  context.clearRect(0, 0, WIDTH_PX, HEIGHT_PX);
  context.fillStyle = ink("error");
  context.fillRect(left + EXPLODES * (right - left), 4, (1 - EXPLODES) * (right - left), 3);
  band(17, (x) => (x >= BREAKS ? 1 : 0));
  band(24, (x) => (x >= EXPLODES && x < BREAKS ? x - EXPLODES + 0.1 : 0));
  for (let column = 0; column < COLUMNS; column++)
    for (let row = 0; row < ROWS; row++) {
      const x = column / COLUMNS;
      const width = 0.16 + 0.12 * x + (x > EXPLODES ? 3 * (x - EXPLODES) : 0);
      const share = x >= BREAKS ? 0 : Math.exp(-(((row + 0.5) / ROWS - 0.5) ** 2) / (2 * width ** 2)) ** 1.5;
      context.fillStyle = share > 0.06 ? colourOf(share) : ink("plot-bg");
      context.fillRect(left + column * each.width, top + row * each.height, each.width, each.height);
    }
  band(156, (x) => (x >= BREAKS ? 0 : 0.45));
  context.fillStyle = ink("text-quiet");
  context.font = `10px ${style.getPropertyValue("--font")}`;
  context.textAlign = "right";
  for (const [words, y] of LABELS) context.fillText(words, left - 4, y);
  context.textAlign = "left";
  context.fillText("1", left, 178);
  context.textAlign = "right";
  context.fillText("300", right, 178);
  context.fillStyle = ink("line-strong");
  context.fillRect(left - 1, top, 1, bottom - top);
  context.fillRect(left, 166, right - left, 1);
}

/** Where the browser remembers that the strip was closed. */
const SEEN = "reading_hint_closed";

/** A strip at the foot of the page for those who are here for the first time. */
export function ReadingHint() {
  // Where nothing can be remembered, nobody is asked at each visit.
  const closed = useSignal(recallChoice(SEEN) !== null);
  // It is about panels, not about the board or the depth view.
  if (closed.value || boardOpen.value || depthOpen.value) return null;
  const close = () => {
    closed.value = true;
    rememberChoice(SEEN, "1");
  };
  return (
    <aside class="reading-hint" aria-label="New here">
      <span>
        <b>New here?</b> Time goes to the right, the layer's values go upwards, and brighter cells hold more
        of them.
      </span>
      <button
        type="button"
        class="button"
        onClick={() => {
          close();
          helpOpen.value = true;
        }}
      >
        How to read this
      </button>
      <IconButton icon="close" tip="Do not show this again" onClick={close} />
    </aside>
  );
}
