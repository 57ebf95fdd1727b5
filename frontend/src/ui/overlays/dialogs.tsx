/** What opens over the page on request. Loaded after the first pictures: none of it is needed for them. */

import { helpOpen, paletteOpen, tableOf } from "../settings/open_state";
import { Help } from "./help";
import { Palette } from "./palette";
import { TableDialog } from "./table";

export function Dialogs() {
  const row = tableOf.value;
  return (
    <>
      {helpOpen.value ? <Help /> : null}
      {row && <TableDialog row={row} />}
      {paletteOpen.value ? <Palette /> : null}
    </>
  );
}
