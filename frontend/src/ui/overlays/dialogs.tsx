/** What opens over the page on request. Loaded after the first pictures: none of it is needed for them. */

import { Help } from "./help";
import { Palette } from "./palette";
import { TableDialog } from "./table";

export function Dialogs() {
  return (
    <>
      <Help />
      <TableDialog />
      <Palette />
    </>
  );
}
