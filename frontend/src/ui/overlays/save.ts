/** Files of a row. */

import { exportRow, type Format } from "../../view/exports/exports";
import { exportPage } from "../../view/exports/page_picture";
import type { PanelLayer } from "../../view/panel/panel_view";
import { withEnlarged } from "../../view/screen/loading";

export const FORMATS: readonly { readonly format: Format; readonly label: string; readonly tip: string }[] = [
  { format: "png", label: "PNG picture", tip: "As shown, at twice the size, with axes and colour bar" },
  { format: "svg", label: "SVG picture", tip: "As shown, with axes as lines and text" },
  { format: "csv", label: "CSV of what is shown", tip: "Counts of the shown rows and columns" },
  { format: "json", label: "JSON of what is shown", tip: "Counts of the shown rows and columns" },
  { format: "statistics", label: "CSV of statistics", tip: "Mean, deviation and percentiles per step" },
];

/** Pictures of all shown layers. */
export const PAGE_PICTURES: readonly { readonly name: string; readonly save: () => Promise<string> }[] = [
  { name: "Save all shown layers as PNG", save: () => savePage("png", false) },
  { name: "Save all shown layers as SVG", save: () => savePage("svg", false) },
  { name: "Save all shown layers as PNG, without findings and scalars", save: () => savePage("png", true) },
  { name: "Save all shown layers as SVG, without findings and scalars", save: () => savePage("svg", true) },
  { name: "Copy a picture of all shown layers", save: copyPage },
];

/** Says what went wrong; "" when the file was saved. */
export async function saveRow(model: PanelLayer, format: Format): Promise<string> {
  const isPicture = format === "png" || format === "svg";
  return saveFile(async () => {
    const make = () => exportRow(model, format);
    return isPicture ? withEnlarged([model.id], make) : make();
  });
}

/** bare: without the marks of findings and the scalars. */
async function savePage(format: "png" | "svg", bare: boolean): Promise<string> {
  return saveFile(() => exportPage(format, bare));
}

async function copyPage(): Promise<string> {
  return orReason(async () => {
    const made = exportPage("png", false);
    const picture = made.then((file) => file ?? Promise.reject(new Error(NOTHING)));
    // The promise goes in as it is: Safari takes nothing that is written later than the click.
    await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
    return "Picture copied";
  });
}

const NOTHING = "No data is shown here.";

async function saveFile(make: () => Promise<File | null>): Promise<string> {
  return orReason(async () => {
    const file = await make();
    if (file === null) return NOTHING;
    download(file);
    return "";
  });
}

async function orReason(act: () => Promise<string>): Promise<string> {
  try {
    return await act();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Saves a file to the reader's disk. */
export function download(file: File): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.click();
  // The download has begun with the click; the address is not needed after this turn.
  window.setTimeout(() => URL.revokeObjectURL(link.href));
}
