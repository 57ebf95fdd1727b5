/** The part of the page for number formats, which is loaded when one is chosen first. */

import { laterPart } from "../reactive/later_part";
import * as settings from "../settings/settings";

const part = laterPart(() => import("./number_format"));

/** null while no format is chosen, and until the part is there. */
export function numberFormatPart(): typeof import("./number_format") | null {
  if (settings.numberFormat.value === "off") return null;
  void part.load();
  return part.value.value;
}
