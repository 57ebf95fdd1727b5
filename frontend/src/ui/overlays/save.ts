/** Files of a row. */

import { exportRow, type Format } from "../../view/exports/exports";
import type { PanelLayer } from "../../view/panel/panel_view";
import { whileEnlarged } from "../../view/screen/loading";

export const FORMATS: readonly { readonly format: Format; readonly label: string; readonly tip: string }[] = [
  { format: "png", label: "PNG picture", tip: "As shown, at twice the size, with axes and colour bar" },
  { format: "svg", label: "SVG picture", tip: "As shown, with axes as lines and text" },
  { format: "csv", label: "CSV of what is shown", tip: "Counts of the shown rows and columns" },
  { format: "json", label: "JSON of what is shown", tip: "Counts of the shown rows and columns" },
  { format: "statistics", label: "CSV of statistics", tip: "Mean, deviation and percentiles per step" },
];

/** Says what went wrong; "" when the file was saved. */
export async function saveRow(model: PanelLayer, format: Format): Promise<string> {
  try {
    const draw = () => exportRow(model, format);
    const file = await (format === "png" || format === "svg" ? whileEnlarged(model.id, draw) : draw());
    if (file === null) return "No data is shown here.";
    download(file);
    return "";
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
