import { expect, it } from "vitest";
import { FORMER_KEYS } from "../view/settings/former_keys";
import { type AnySetting, allSettings, GROUPS, type Option } from "../view/settings/setting";
import { allCommands, palette, pane } from "./input/commands";
import { type KeyRow, keysToText } from "./input/key_names";
import { GESTURES, KEYS } from "./input/keys";

const INTRO = `# The page: controls, keys and links

<!-- Made from the page's own tables by: cd frontend && npm run docs -->

Every control is in the toolbar, in the settings pane (*${pane.label}*) or at the rows, and every command is in
the palette (${palette.keys?.[0]}) under the name that it has here.`;

const TIMELINE = `## Timeline

The lane over the page shows the whole run at once. From top to bottom: a mark for each finding, in the colour of its severity, with a line
as long as it lasts (click it to go there; of marks close together the nearest one is meant); the loss of each shown run on one scale and, dashed, its
learning rate on a scale of its own, with a tick at each epoch; and a ribbon of how much the layers changed, the first layer that ran on top. Dashed lines
over the whole height are steps at which a later session went on with the training, or from which on records lie further apart or closer.

The colour of the ribbon is a distance between two mean histograms, of the columns from a step on and of those before it: Wasserstein-1 on an axis of asinh(x / s),
s being the median size of the layer's values. It is logarithmic, from 0.02 (hardly any change) to 1 (a scale that grew 2.7-fold), and the same for all layers and
runs. Up to four runs have a ribbon each; more share one, which has the largest change of any. Where layers or steps share a pixel, the largest change is drawn.

Drag over the lane to show a part of the steps, drag the part or its ends to move it, double-click to show everything, click to pin a step. Or type the
steps beside it: \`100-150\`, \`100:\`, \`-50\` or \`120\`; both ends count. Play moves the pinned step through what is shown, in at most 12 seconds.`;

const EXPLAINED = `## A finding explained

Click a finding, wherever it stands: a badge at a layer or a run, a mark on a panel, a line of the list of findings, an
entry of the palette, the badge of a run in the list of runs. The page shows the run if it was hidden, scrolls its layer
to the top, frames the panel, and zooms to the first step with a fifth of the run on either side (\`Z\` takes the zoom
back). A pane at the bottom explains the incident; its upper edge makes it taller, \`Esc\` closes it, and the address
keeps it.

| part | tells |
|---|---|
| What happened | The layers in the order in which they showed it, a bar from the first to the last step of each, above the loss, the learning rate and the size of the gradients, where the run has them. All lie on the time axis of the page and follow its zoom. |
| before, at, after | The exact histogram of the first layer at its first step, a tenth of the run earlier, and a tenth later or at the last step that shows it. Each fills its own height; exact zeros and NaN are told in words. |
| Measured | Each measured figure beside its threshold. On the bars of shares, the mark is the threshold; on the other bars the threshold is in the middle, and an end is a factor of 1,000 away. |
| The same layer | What else was recorded of the layer: its gradients, weights and updates in the same steps. |
| What to try | Code to copy, the usual causes with the likeliest first, and how to check them. |

*Copy report* copies all of this as Markdown, with a picture of the first two parts and a link to the view. Where the
browser does not let the page write to the clipboard, the report is saved as \`finding.md\`.

**An example.** A network of six linear layers trains with a learning rate of 0.02, which a broken schedule raises by
35 % a step from step 120 on. The badge of the run is red. A click on it opens "fc1 and 8 more layers: values grow 10^18
times larger from step 147". *What happened* names fc5 first, at step 140; fc4 follows a step later, fc3 after
two, fc1 after seven. The curve of the learning rate rises before the first bar and that of the loss after it. So the
rate is the cause, and the last layers are merely the first to give way. The histograms say the same: fc1 is as usual at
step 117, and its values reach 10^17 at step 150. What to try stands beside it: lower the rate or warm it up, and clip
the gradients.`;

const BOARD = `## The board

With more than six runs the page opens with a board of all runs of the log directory, unless the address says which runs or panels are
wanted. *Panels | Board* in the toolbar switches, and so does *Board* under *Runs*. Rows are runs, columns their layers; where layers are
many, stages of the model are folded into one column, which shows the last layer of the stage. The board shows the kind and phase chosen in
the toolbar, and *Filter layers* chooses its columns. A cell is a small picture of the layer: steps to the right, values upwards, lighter
where more values lie. All runs share a layer's value axis and the time axis, so a run that ended early fills only a part of its cells.
The red or orange frame tells that there is an error or a warning, the blue one a remark; steps with NaN or infinities are red. A run without the
layer has no cell.

The first columns are the hyper-parameters in which the runs differ (from \`key=value\` in their names and from TensorBoard's HParams), the
newest loss, and the worst finding with its first step. A click on a column's head sorts, also on a layer's: the runs in which it is sick
come first. A group's line sums its runs up, for example *lr=1: 6 of 6 sick, layer3 first, steps 29–37*. Findings come run by run:
*checked 12 of 52*.

The filter takes words of names and conditions with =, !=, <, <=, > and >= on columns: \`lr=1\`, \`loss<0.5\`, \`step>100\`,
\`worst=error\` (or warning, info, healthy, unchecked, sick).

A click on a cell shows that layer, large, beside that of the nearest healthy run, at the step at which its finding begins; a click on a name
shows all layers of the two. Healthy is a run without errors and warnings; the nearest one has the most similar hyper-parameters, seeds count
least. By keyboard: arrows, Page Up and Down, Home and End move from cell to cell, Enter opens.`;

const DEPTH = `## Layers by depth

*Depth* in the toolbar shows all layers of one time in one picture: those that ran first at the left (by name where a run has no order of execution),
sizes |x| upwards on a log axis. Of each layer there are bands from 5 to 95 % and from 25 to 75 % of the values other than 0, and a point of the line for the
root mean square of all its values. At the foot stands the share that is exactly 0; red at the top are NaN and infinities. Up to three runs have bands beside
each other, more are lines. Activations lie above gradients, and weights above their gradients and updates. A line that falls to the right is a
signal that vanishes, one that rises is a signal that explodes or that residual connections add to; above each chart the root mean squares of the first and the last layer stand.

The time is the pinned step; without one it is the zoomed steps, all their records together, or else the newest step. Click into the timeline, type a range or play.
The axis spans the whole run, so that it stands still meanwhile. While playing, records of long runs are pooled (at most 128 columns a run); at rest the
exact record is shown. Point at a layer for its figures, click it to go to its panel; by keyboard: arrows, Home, End and Enter.`;

const LINKS = `## Links

The address holds everything that differs from its default, so that a copied link shows the same view. Each control's key
stands above; in the address it begins with \`p.activation_hist.\`, for example \`p.activation_hist.curve=sqrt\`. A list is
separated by commas, what is on or off is \`1\` or \`0\`. What an address does not name is as at first.

Links of earlier versions have shorter keys. They still open, and are written anew under today's keys:`;

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
    "## Keys and gestures",
    keys("key", KEYS),
    `Without a key, in the palette: ${unkeyed.join(", ")}; all values of the controls; each layer, run and finding.`,
    keys("mouse or touch", GESTURES),
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
