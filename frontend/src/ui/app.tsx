/** The whole page. */

import { useSignalEffect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { dark, index } from "../state/catalog";
import * as selection from "../state/selection";
import { theme } from "../state/theme";
import { Grid } from "./grid";
import { Help } from "./help";
import { globalKeys, releaseSpace } from "./keys";
import { Minimap } from "./minimap";
import { Palette } from "./palette";
import { spaceHeld } from "./pointer";
import { Said } from "./said";
import { SettingsPane } from "./settings_pane";
import { Empty, Loading, NothingFound } from "./states";
import { TableDialog } from "./table";
import { Toolbar } from "./toolbar";
import { SpokenReadout, Tooltip } from "./tooltip";

export function App() {
  useSignalEffect(() => {
    document.documentElement.classList.toggle("dark", dark.value);
    for (const [name, colour] of Object.entries(theme.value))
      document.documentElement.style.setProperty(`--${name}`, colour);
    document.documentElement.classList.toggle("space-held", spaceHeld.value);
  });
  useEffect(() => {
    window.addEventListener("keydown", globalKeys);
    window.addEventListener("keyup", releaseSpace);
    window.addEventListener("blur", releaseSpace);
    return () => {
      window.removeEventListener("keydown", globalKeys);
      window.removeEventListener("keyup", releaseSpace);
      window.removeEventListener("blur", releaseSpace);
    };
  }, []);
  const heading = <h1 class="visually-hidden">Activations</h1>;
  if (index.value === null || index.value.series.length === 0) {
    return (
      <main>
        {heading}
        {index.value === null ? <Loading /> : <Empty />}
      </main>
    );
  }
  const found = selection.layers.value.length > 0 && selection.runs.value.length > 0;
  return (
    <>
      <header>
        {heading}
        <Toolbar />
        {found ? (
          <div class="minimap-bar">
            <Minimap />
          </div>
        ) : null}
      </header>
      <div class="body">
        {found ? (
          <Grid />
        ) : (
          <main>
            <NothingFound />
          </main>
        )}
        <SettingsPane />
      </div>
      <Tooltip />
      <SpokenReadout />
      <Help />
      <TableDialog />
      <Palette />
      <Said />
    </>
  );
}
