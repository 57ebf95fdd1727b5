/** What can be taken away from a row: pictures, numbers, a table, a link. */

import { useSignal } from "@preact/signals";
import { client } from "../state/catalog";
import { exportRow, type Format } from "../state/exports";
import type { RowModel } from "../state/panels";
import { linkToView } from "../state/setting";
import { copyText } from "./clipboard";
import { Menu } from "./controls";
import { tableOf } from "./table";

const FORMATS: readonly { readonly format: Format; readonly label: string; readonly tip: string }[] = [
  { format: "png", label: "PNG picture", tip: "As shown, at twice the size, with axes and colour bar" },
  { format: "svg", label: "SVG picture", tip: "As shown, with axes as lines and text" },
  { format: "csv", label: "CSV of what is shown", tip: "Counts of the shown rows and columns" },
  { format: "json", label: "JSON of what is shown", tip: "Counts of the shown rows and columns" },
  { format: "statistics", label: "CSV of statistics", tip: "Mean, deviation and percentiles per step" },
];

const SAID_MS = 2500;

export function RowMenu({ model }: { readonly model: RowModel }) {
  const said = useSignal("");
  const say = (words: string) => {
    said.value = words;
    window.setTimeout(() => {
      said.value = "";
    }, SAID_MS);
  };
  const save = async (format: Format) => {
    try {
      const file = await exportRow(model, format);
      if (file === null) say("Nothing is loaded yet.");
      else download(file);
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Menu icon="download" tip="Save or copy this layer">
      <div class="menu-list actions">
        {FORMATS.map(({ format, label, tip }) => (
          <button key={format} type="button" title={tip} onClick={() => void save(format)}>
            {label}
          </button>
        ))}
        {model.panels.value.map((panel) => (
          <a
            key={panel.id}
            href={client.exportUrl({
              run: panel.run,
              tag: panel.series.tag,
              source: panel.series.source,
              format: "csv",
            })}
            download
            title={`All stored bins and steps of ${panel.run}, exactly`}
          >
            Exact counts of {panel.run} (CSV)
          </a>
        ))}
        <button
          type="button"
          title="The numbers as a table, for reading instead of looking"
          onClick={() => {
            tableOf.value = model;
          }}
        >
          Table
        </button>
        <button
          type="button"
          title="An address that restores this view"
          onClick={() => void copyLink().then(say)}
        >
          Copy link to this view
        </button>
      </div>
      <div class="menu-said" role="status">
        {said}
      </div>
    </Menu>
  );
}

async function copyLink(): Promise<string> {
  return copyText(linkToView());
}

function download(file: File): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.click();
  // The download has begun with the click; the address is not needed after this turn.
  window.setTimeout(() => URL.revokeObjectURL(link.href));
}
