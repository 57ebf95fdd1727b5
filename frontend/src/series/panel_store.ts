/** The data of all panels that were on the screen, the least recently wanted first. */

import { signal } from "@preact/signals";
import { PanelData, panelId } from "./panel_data";

/** Beyond this many, what nobody wants is let go; the tile cache keeps the newest of it. */
const MOST_HELD = 500;

export class PanelStore {
  private readonly panels = new Map<string, PanelData>();
  /** Grows whenever panels come or go, so that what depends on all of them is worked out again. */
  readonly version = signal(0);
  private announced = true;

  constructor(private readonly mostHeld: number = MOST_HELD) {}

  find(id: string): PanelData | undefined {
    return this.panels.get(id);
  }

  /** Made when it is first asked for. */
  panel(run: string, seriesId: string): PanelData {
    const known = this.panels.get(panelId(run, seriesId));
    if (known !== undefined) return known;
    const panel = new PanelData(run, seriesId);
    this.panels.set(panel.id, panel);
    this.announce();
    return panel;
  }

  all(): Iterable<PanelData> {
    return this.panels.values();
  }

  /** Lets go of the least recently wanted panels beyond `mostHeld`, with their tiles; wanted ones stay. */
  release(wanted: ReadonlySet<PanelData>): void {
    for (const panel of wanted) {
      this.panels.delete(panel.id);
      this.panels.set(panel.id, panel);
    }
    for (const panel of this.panels.values()) {
      if (this.panels.size <= this.mostHeld || wanted.has(panel)) break;
      this.panels.delete(panel.id);
      panel.take("tile", null, null);
      panel.take("fine", null, null);
      this.announce();
    }
  }

  /** A moment later, since panels are made while values are worked out. */
  private announce(): void {
    if (!this.announced) return;
    this.announced = false;
    queueMicrotask(() => {
      this.announced = true;
      this.version.value++;
    });
  }
}
