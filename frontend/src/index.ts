/** Entry: TensorBoard imports this module in the plugin's frame and calls `render`. */

import { effect } from "@preact/signals";
import { h, options, render as renderInto } from "preact";
import { adoptHostFonts } from "./host/fonts";
import css from "./styles/page.css?inline";
import { App } from "./ui/app";
import { pageShown, startCatalog } from "./view/catalog/catalog";
import { startFindings } from "./view/findings/findings";
import { startRanking } from "./view/findings/ranking";
import { startLoading } from "./view/screen/loading";
import { startScalars } from "./view/screen/scalars";
import { drawnOnce, guessFrame, opened } from "./view/screen/screen";
import { startZooming } from "./view/screen/zooming";
import { startUrl } from "./view/settings/url";

/** Draws the page into the frame's body and starts asking for data. */
export function render(): void {
  document.documentElement.lang = "en";
  document.title = "Activations";
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  startUrl();
  guessFrame();
  startZooming();
  startCatalog();
  startLoading();
  startScalars();
  startFindings();
  startRanking();
  // After what asks the server: reading the host's style sheets takes some milliseconds.
  adoptHostFonts();
  // Effects at once instead of after the next frame: they ask for drawing, which waits for a frame itself.
  options.requestAnimationFrame = queueMicrotask;
  // Keys go to the frame that has the focus, and whoever opens the tab clicks outside of ours. Not before the first
  // pictures: TensorBoard spends 20 ms on the news.
  effect(() => {
    if (pageShown.value && drawnOnce.value) window.focus();
  });
  const root = document.createElement("div");
  root.id = "root";
  document.body.append(root);
  effect(() => {
    if (opened.value) renderInto(h(App, null), root);
  });
}
