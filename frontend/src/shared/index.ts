/** The script of a page without a server: the page itself, on the data in its own file. */

import { render } from "../index";
import { aboutLine } from "./about";
import { file } from "./page_client";
import css from "./shared.css?inline";

/** The frame of a notebook's cell has no address, so none is kept in it. */
function keepNoAddress(): void {
  if (location.protocol === "about:") history.replaceState = () => undefined;
}

async function start(): Promise<void> {
  keepNoAddress();
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.body.append(aboutLine(await file.data));
  render();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}

void start();
