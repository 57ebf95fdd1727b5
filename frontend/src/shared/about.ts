/** The line above the page that says what the file holds, what was pooled and what was left out. */

import type { SharedData } from "./shared_data";

export function aboutLine({ about, index }: SharedData): HTMLElement {
  const line = document.createElement("details");
  line.id = "about";
  const head = document.createElement("summary");
  const day = new Date(about.made * 1000).toISOString().slice(0, 10);
  head.textContent = `Shared from ${about.origin}, ${day}: ${about.summary.join(" ")}`;
  head.title = "What this file holds";
  const list = document.createElement("ul");
  for (const text of [...about.summary, ...index.warnings]) {
    const item = document.createElement("li");
    item.textContent = text;
    list.append(item);
  }
  line.append(head, list);
  return line;
}
