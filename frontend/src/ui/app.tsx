/** The whole page. */

import { useSignalEffect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { dark, index } from "../view/catalog/catalog";
import { theme } from "../view/catalog/theme";
import * as selection from "../view/selection/selection";
import { incident, parting } from "../view/settings/settings";
import { cursor } from "../view/settings/zoom";
import { globalKeys, releaseSpace } from "./input/keys";
import { spaceHeld } from "./input/pointer";
import { LateIncidentPane, LatePartingBar } from "./overlays/findings_later";
import { later } from "./overlays/later";
import { Loading, NothingFound } from "./placeholders";
import { Grid } from "./rows/grid";
import { helpOpen, paletteOpen, paneOpen, runListOpen, tableOf } from "./settings/open_state";
import { Minimap } from "./timeline/minimap";
import { Toolbar } from "./toolbar/toolbar";
import { Toast } from "./widgets/toast";

const Empty = later("Empty");
const LateReadingHint = later("ReadingHint");
const Dialogs = later("Dialogs", () => paletteOpen.value || helpOpen.value || tableOf.value !== null);

const SettingsPane = later("SettingsPane", () => paneOpen.value);
const LateRunList = later("RunList", () => runListOpen.value);
const LateDepth = later("DepthView", () => selection.depthOpen.value);
const SweepBoard = later("SweepBoard", () => selection.boardOpen.value);

const LateReadout = later("CrosshairReadout", () => cursor.value !== null);

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
  const found = selection.layers.value.length > 0 && selection.shownRuns.value.length > 0;
  return (
    <>
      <header>
        {heading}
        <Toolbar />
        {found && !selection.boardOpen.value ? <Minimap /> : null}
        {parting.value === "off" || selection.shownRuns.value.length < 2 ? null : <LatePartingBar />}
      </header>
      <div class="body">
        {runListOpen.value ? (
          <aside class="runs" aria-label="Runs">
            <LateRunList />
          </aside>
        ) : null}
        {found ? (
          selection.boardOpen.value ? (
            <SweepBoard />
          ) : selection.depthOpen.value ? (
            <LateDepth />
          ) : (
            <Grid />
          )
        ) : (
          <main>
            <NothingFound />
          </main>
        )}
        <SettingsPane />
      </div>
      {incident.value.length > 0 ? <LateIncidentPane /> : null}
      {found ? <LateReadingHint /> : null}
      <LateReadout />
      <Dialogs />
      <Toast />
    </>
  );
}
