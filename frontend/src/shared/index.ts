/** The script of a page without a server: the page itself, on the data in its own file. */

import { render } from "../index";
import { aboutLine } from "./about";
import { file } from "./page_client";
import css from "./shared.css?inline";

async function start(): Promise<void> {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.body.append(aboutLine(await file.data));
  render();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}

void start();
