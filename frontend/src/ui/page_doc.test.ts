import { expect, it } from "vitest";
import { FORMER_KEYS } from "../view/settings/former_keys";
import { type AnySetting, allSettings, GROUPS, type Option } from "../view/settings/setting";
import { allCommands, palette, pane } from "./input/commands";
import { type KeyRow, keysToText } from "./input/key_names";
import { GESTURES, KEYS } from "./input/key_sheet";

const INTRO = `# The page: controls, keys and links

<!-- Made from the page's own tables by: cd frontend && npm run docs -->

Controls are in the toolbar, in the settings pane (*${pane.label}*) and at the rows. The palette (${palette.keys?.[0]}) lists
every command under the name used here.`;

const TIMELINE = `## Timeline

The lane above the panels shows the whole run at once. From top to bottom, it shows a mark for each finding, in the colour of its severity, with a line
as long as the finding lasts (click it to go there; of several marks close together, the nearest is used); the loss of each shown run on one scale and, dashed, its
learning rate on a separate scale, with a tick at each epoch; and a ribbon of how much the layers changed, with the first layer to run on top. Dashed lines
over the whole height mark steps at which a later session continued the training, or from which records are further apart or closer together.

The colour of the ribbon is the distance between two mean histograms, of the columns from a step on and of those before it: Wasserstein-1 on an axis of asinh(x / s),
where s is the median size of the layer's values. It is logarithmic, from 0.02 (hardly any change) to 1 (a scale that grew 2.7-fold), and the same for all layers and
runs. Up to four runs have a ribbon each; more runs share one, which shows the largest change of any. If layers or steps share a pixel, the largest change is drawn.

Drag over the lane to show a range of steps, drag the range or its ends to move it, double-click to show everything, click to pin a step. You can also type the
steps beside the lane: \`100-150\`, \`100:\`, \`-50\` or \`120\`; both ends are included. Play moves the pinned step through the visible range in at most 12 seconds.`;

const EXPLAINED = `## A finding explained

Click a finding anywhere: a badge at a layer or a run, a mark on a panel, an entry in the list of findings, an entry in
the palette, or the badge of a run in the list of runs. The page shows the run if it was hidden, scrolls its layer
to the top, frames the panel, and zooms to the first step with a fifth of the run on either side (\`Z\` undoes the
zoom). A pane at the bottom explains the incident. Drag its upper edge to resize it; press \`Esc\` to close it. The address
remembers it.

| part | shows |
|---|---|
| What happened | The layers in the order in which they were affected, with a bar from the first to the last step of each, above the loss, the learning rate and the size of the gradients, if the run has them. All share the time axis of the page and follow its zoom. |
| before, at, after | The exact histogram of the first layer at its first step, a tenth of the run earlier, and a tenth later or at the last affected step. Each is scaled to its own height; exact zeros and NaN are given in words. |
| Measured | Each measured figure and its threshold. On bars of shares, the mark is the threshold; on the other bars, the threshold is in the middle, and each end is a factor of 1,000 away. |
| The same layer | The layer's gradients, weights and updates in the same steps, if they were recorded. |
| What to try | Code to copy, the usual causes (the likeliest first), and how to check them. |

*Copy report* copies all of this as Markdown, with a picture of the first two parts and a link to the view. If the
browser does not let the page write to the clipboard, the report is saved as \`finding.md\`.

**An example.** A network of six linear layers trains with a learning rate of 0.02, which a broken schedule raises by
35 % per step from step 120 on. The badge of the run is red. Clicking it opens "fc1 and 8 more layers: values grow 10^18
times larger from step 147". *What happened* names fc5 first, at step 140; fc4 follows a step later, fc3 after
two, fc1 after seven. The learning rate rises before the first bar, and the loss after it. So the
rate is the cause, and the last layers are merely the first to fail. The histograms agree: fc1 looks normal at
step 117, and its values reach 10^17 at step 150. *What to try* suggests lowering the rate or warming it up, and clipping
the gradients.`;

const BOARD = `## The board

With more than six runs, the page opens with a board of all runs of the log directory, unless the address names runs or
panels. *Panels | Board* in the toolbar switches. Rows are runs and columns are layers. If there are
many layers, a stage of the model is folded into one column, which shows its last layer. The board shows the kind and phase chosen in
the toolbar; *Filter layers* chooses its columns. A cell is a small picture of the layer: the x-axis is the step, the y-axis the value, and
lighter places hold more values. All runs share a layer's value axis and the time axis, so a run that ended early fills only part of its cells;
one that has less than an eighth of all steps fills its cells with its own.
The value axis reaches to at most 30 times the usual size of a step; larger values are drawn at its end.
A red or orange frame marks an error or a warning, a blue one an info; steps with NaN or infinities are red. A run without the
layer has no cell.

The first columns are the hyper-parameters in which the runs differ (from \`key=value\` in their names and from TensorBoard's HParams), the
latest loss, and the worst finding with its first step. Click a column head to sort. Sorting by a layer puts the runs with findings in it
first. The line of a group summarises its runs, for example *lr=1: 6 of 6 sick, collapsed, layer3 first, steps 29–37, last loss 2.29–2.32*. If the findings differ, it names the most frequent kind (*often*), and the layer and
steps of that kind. Runs can also be grouped by what is wrong in a layer. Findings arrive run by run:
*checked 12 of 52*.

The filter accepts words of names and conditions on columns with =, !=, <, <=, > and >=: \`lr=1\`, \`loss<0.5\`, \`step>100\`,
\`worst=error\` (or warning, info, healthy, unchecked, sick), \`worst=exploding\` (any kind of finding), \`loss=nan\`. A layer is a column, too: \`layer3=sick\`,
\`layer3=healthy\`. Blanks or commas separate conditions, and the end of a column's name is enough where only one has it (\`lr\` for \`resnet_lr\`).

Click a cell to enlarge that layer beside that of the nearest healthy run, at the step at which its finding begins. Click a name
to show all layers of the two runs, and its worst finding to have that explained. A run is healthy if it has no errors and warnings; the nearest one has the most similar hyper-parameters, among which seeds count
least. By keyboard, arrows, Page Up, Page Down, Home and End move between cells, and Enter opens one. The browser's Back returns to the board.`;

const LOW_STRIPS = `With many layers, strips are 14 px high (12 px in the compact density), less than the 24 px that an unsteady hand needs. The density
*large* and touch screens make them 24 px, *Filter layers* makes those that are left as high as there is room, and *Go to* in the palette (Ctrl K) opens the same layers.`;

const DEPTH = `## Layers by depth

*Depth* in the toolbar shows all layers at one time in one picture. The x-axis is the order of execution (by name if a run has none); the y-axis
is the size |x| on a log scale. Each layer has bands from 5 to 95 % and from 25 to 75 % of the values other than 0, and a line shows the
root mean square of all its values. The bar at the bottom is the share of values that are exactly 0; red at the top marks NaN and infinities. Up to three runs have bands side by
side; more runs are drawn as lines. Activations are above gradients, and weights above their gradients and updates. A line that falls to the right is a
vanishing signal; one that rises is an exploding signal, or one to which residual connections add. Above each chart are the root mean squares of the first and the last layer.

The layers of a block differ in size, and a line through all of them goes up and down within each block. *Layers* therefore chooses one place of every block,
such as *relu2 of 48 blocks*; with more than 40 layers, it is the last place of a block at first. *all* draws one line for each place. Sizes that lie twelve
decades beyond nearly all others are at the edge of the chart.

The time is the pinned step; without one, it is all records of the zoomed steps together, or else the newest step. Click the timeline, type a range or press play.
The axis spans the whole run, so that it stays fixed meanwhile. During playback, records of long runs are pooled (at most 128 columns per run); otherwise, the
exact record is shown. Point at a layer for its figures and click it to go to its panel; the keyboard has arrows, Home, End and Enter.`;

const RUNS = `## Runs

*Runs* (\`R\`) opens a list of all runs at the left, with the latest loss and the worst finding of each. It is open at first if the page is wide and not all runs are shown;
the browser remembers whether you closed it. Tick the runs to show, or click *only*; click a finding to have it explained. Filter and order are those of the board. The arrows
move between the boxes. The tooltip of a run has its hyper-parameters. A run has the colour that it has in TensorBoard: the one
of its place in the list, the one that was picked in Time Series, or that of its group there. Beyond seven runs, the same seven colours are darker
or lighter.

The scalars above the panels share one axis among the runs, except for learning rates. Few values far above the others are left out: ↑ and ↓ at the name say so.
Click the numbers at the axis to switch between linear and log. They are smoothed as in TensorBoard (a debiased exponential moving average, 0.6 unless
*Smoothing of scalars* says otherwise) over the pale line of what was logged; learning rates are not smoothed.`;

const LINKS = `## Links

The address holds every setting that differs from its default, so a copied link shows the same view. The tables above list the key of each
control; in the address, it begins with \`p.activation_hist.\`, for example \`p.activation_hist.curve=sqrt\`. Lists are
separated by commas, and flags are \`1\` or \`0\`. Settings that an address does not name have their defaults.

Links of earlier versions have shorter keys. They still open, and are rewritten with the current keys:`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

function keyCells(keys: readonly string[] = []): string {
  return keysToText(keys.map((key) => `\`${key}\``));
}

/** What the address says, and what the page calls it where that is something else. */
function optionToText({ value, label }: Option<string | number>): string {
  return String(value) === label ? `\`${value}\`` : `\`${value}\`: ${label}`;
}

function settingToRow(setting: AnySetting): readonly string[] {
  const options = "options" in setting ? setting.options.map(optionToText).join("; ") || "as recorded" : "";
  const shortcut = setting.form === "flag" && setting.shortcut ? [setting.shortcut] : [];
  return [setting.label, setting.tip, options, keyCells(shortcut), `\`${setting.name}\``];
}

function groupToText(group: string): string {
  const rows = allSettings.filter((setting) => setting.group === group).map(settingToRow);
  return `### ${group}\n\n${table(["control", "what it does", "values", "key", "in the address"], rows)}`;
}

function pageDoc(): string {
  const keys = (title: string, rows: readonly KeyRow[]) =>
    table(
      [title, "does"],
      rows.map((row) => [keyCells(row.keys), row.does]),
    );
  const unkeyed = allCommands
    .filter((command) => command.keys === undefined)
    .map(({ label }) => `*${label}*`);
  const former = Object.entries(FORMER_KEYS).map(([key, name]) => [`\`${key}\``, `\`${name}\``]);
  return [
    INTRO,
    "## Controls",
    ...GROUPS.map(groupToText),
    TIMELINE,
    DEPTH,
    BOARD,
    RUNS,
    "## Keys and gestures",
    keys("key", KEYS),
    `Without a key, in the palette: ${unkeyed.join(", ")}; all values of the controls; each layer, run and finding.`,
    keys("mouse or touch", GESTURES),
    LOW_STRIPS,
    EXPLAINED,
    LINKS,
    table(["former key", "today"], former),
    "",
  ]
    .join("\n\n")
    .trimEnd()
    .concat("\n");
}

it("docs/page.md is fresh (npm run docs)", async () => {
  await expect(pageDoc()).toMatchFileSnapshot("../../../docs/page.md");
});

it("docs/page.md has a line for each row of the tables", () => {
  const lines = pageDoc().split("\n");
  const rows = allSettings.length + KEYS.length + GESTURES.length + Object.keys(FORMER_KEYS).length;
  const heads = 2 * (GROUPS.length + 3);
  const told = EXPLAINED.split("\n").filter((line) => line.startsWith("|")).length;
  expect(lines.filter((line) => line.startsWith("|")).length).toBe(rows + heads + told);
  expect(lines).toContain("| `Ctrl K` or `⌘ K` | Commands, layers and findings |");
});
