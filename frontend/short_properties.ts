import type { Plugin } from "vite";
import { applied, type Change, type Node, visit } from "./source_changes";

/**
 * Properties that only the page's own code has, by their longest and most frequent names: no browser, no server and no
 * address knows them, and no code asks for them by a text.
 */
const OWN = `
  width_px height_px top_px left_px x_px y_px bottom_px pad_px colours reloads applies size_px strip_px panel_px lane_px
  lefts_px indent_px
  heatTop_px heatHeight_px heatLeft_px heatWidth_px axisTop_px stripTop_px
  unitToFraction valueToFraction fractionToUnit fractionToValue unitToPx pxToUnit heightFraction crossFraction
  fullScale liveScale scaleOwner sharedColouring liveAxis ownAxis hasAxis wholeSpans exactSpans zerosApart
  rowEdges evenEdges edgeInks panelId seriesId rowId keyX keyY firstColumn pinBefore inForce choiceOf choiceOfData listOf
  withRange lastGrid mostHeld nonFinite innerExtent colouring bandColours advises alignment partners heights
  goesBack onScreen rasterToUrl newestStep used_bytes capacity_bytes flights announced transport clickedAt_ms startTime requests
  bands choose pushed_ms raster overflowIncluded choosePinchAxis pinchAxis epochSteps owner newestTime xLabel yLabel
  normalFrom complaint underflow newerRequest landing unfoldStages onReset fromRows announce highlighted slice_ms countClicks
  heightOf zeroUpTo tickValues togglePlay limitLines limitNotes inSight onTouch exportUrl wholeJobs fineJobs holdsZero
  unfolded binned outliers sampled widened landAll isCells each_px keyOf panned goBack isOld
  yTicks linthresh places spans clock least placed upright rectangle shortcut badge stage marked anchor markup
  chart outside blank matched statement curves lanes folds xTicks score colour ticks facts lostStrip answered recover
  shown pixels gradient largest whole broken awaited asked apart beyond theme
  most band dash last
`;
/** Preact's of class components, of which the page has none. */
const OF_CLASSES = `
  getDerivedStateFromProps getDerivedStateFromError getSnapshotBeforeUpdate getChildContext shouldComponentUpdate
  componentWillReceiveProps componentWillUpdate componentDidUpdate componentWillMount componentDidMount
  componentWillUnmount componentDidCatch
`;
const SHORT = new Map(
  `${OWN} ${OF_CLASSES}`
    .trim()
    .split(/\s+/)
    .map((name, at) => [name, `$${at.toString(36)}`]),
);

/** Gives them short names, in all files alike: a hundredth of the scripts, gzip. */
export const shortProperties: Plugin = {
  name: "short-properties",
  generateBundle: {
    order: "post",
    handler(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== "chunk") continue;
        const changes: Change[] = [];
        visit(this.parse(chunk.code) as unknown as Node, (node) => {
          const change = shortened(node);
          if (change !== null) changes.push(change);
        });
        chunk.code = applied(chunk.code, changes);
      }
    },
  },
};

function shortened(node: Node): Change | null {
  if (node.type === "Literal" && SHORT.has(String(node.value)))
    throw new Error(
      `"${node.value}" is asked for by a text, so it cannot have a short name: take it off the list.`,
    );
  const of = (node.object as Node | undefined)?.property as Node | undefined;
  if (of?.name === "dataset" && SHORT.has(String((node.property as Node).name)))
    throw new Error(`dataset.${(node.property as Node).name} names an attribute: use setAttribute().`);
  const named = (node.type === "MemberExpression" ? node.property : node.key) as Node | undefined;
  if (!named || node.computed || named.type !== "Identifier") return null;
  const short = SHORT.get(named.name as string);
  if (short === undefined) return null;
  // `{ width_px }` has one word for the property and the variable.
  return { start: named.start, end: named.end, code: node.shorthand ? `${short}:${named.name}` : short };
}
