/** The settings in TensorBoard's URL: read at first and when it changes, written when they change. */

import { batch, effect } from "@preact/signals";
import { hashToPairs, type Pairs, replacePairs } from "../../host/hash";
import {
  goBackInHistory,
  onHashChange,
  pushHash,
  readAddress,
  readDepth,
  readHash,
  writeHash,
} from "../../host/parent";
import { renameKeys } from "./former_keys";
import { allSettings } from "./setting";
import { view, zoomX, zoomY } from "./settings";
import { forgetLastZoom, settle } from "./zoom";

const WRITE_DELAY_MS = 150;
/** What is zoomed within this time is one thing to go back from. */
const ONE_ZOOM_MS = 1000;

/** The hash as it was last read or written. */
let known = "";

/** Restores all settings from the URL, then keeps the URL up to date; call once. */
export function startUrl(): void {
  readUrl();
  const zooms = new ZoomHistory();
  onHashChange(() => {
    if (!zooms.goBack()) readUrl();
    zooms.keep();
  });
  let timer = 0;
  const writeSoon = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => {
      // A link was followed, of which the browser tells a moment later.
      if (known !== readHash()) writeSoon();
      else zooms.write();
      known = readHash();
    }, WRITE_DELAY_MS);
  };
  effect(() => {
    settingsToPairs();
    writeSoon();
  });
}

/** Each zoom is an entry of the browser's history, so that its Back undoes the zoom and leaves all else as it is. */
class ZoomHistory {
  /** What the entries before the present one have. */
  private readonly before: { readonly hash: string; readonly zoom: string }[] = [];
  private written = zoomToText();
  private view = view.write();
  private pushed_ms = 0;
  private goesBack = false;

  /** Brings the URL up to date. */
  write(): void {
    if (this.goesBack) return;
    const before = readHash();
    const hash = replacePairs(before, settingsToPairs());
    const zoom = zoomToText();
    const isZoom = zoom !== this.written;
    if (isZoom && zoom === this.before.at(-1)?.zoom) {
      this.goesBack = true;
      goBackInHistory();
      return;
    }
    if (view.write() !== this.view) {
      // Back leads to the board again, or to the panels, as they were.
      pushHash(hash, this.before.length);
      this.before.length = 0;
      this.pushed_ms = Date.now();
    } else if (isZoom && Date.now() - this.pushed_ms > ONE_ZOOM_MS) {
      pushHash(hash, this.before.length);
      this.before.push({ hash: before, zoom: this.written });
      this.pushed_ms = Date.now();
    } else writeHash(hash);
    this.written = zoom;
    this.view = view.write();
  }

  /** Undoes a zoom where the URL changed because somebody went back from it; false where it changed otherwise. */
  goBack(): boolean {
    this.goesBack = false;
    const last = this.before.at(-1);
    if (last === undefined || readHash() !== last.hash || readDepth() !== this.before.length - 1) {
      // What somebody goes back to from here is no zoom of ours.
      this.before.length = 0;
      return false;
    }
    this.before.pop();
    const pairs = hashToPairs(last.hash);
    if (last.zoom !== zoomToText()) forgetLastZoom();
    batch(() => {
      for (const setting of [zoomX, zoomY]) setting.read(pairs.get(setting.name));
    });
    return true;
  }

  /** Takes the present zoom as the one that the URL has, or will have. */
  keep(): void {
    this.written = zoomToText();
    this.view = view.write();
    writeUrl();
  }
}

function zoomToText(): string {
  return `${zoomX.write() ?? ""} ${zoomY.write() ?? ""}`;
}

/** Address that restores the view as it is now. */
export function linkToView(): string {
  writeUrl();
  return readAddress();
}

function writeUrl(): void {
  writeHash(replacePairs(readHash(), settingsToPairs()));
  known = readHash();
}

function readUrl(): void {
  // Where a gesture has taken the axes would take the place of what is read here.
  settle();
  known = readHash();
  readSettings(hashToPairs(known));
}

/** Every setting as the pairs have it, those that they do not name as at first. */
export function readSettings(pairs: Pairs): void {
  const renamed = renameKeys(pairs);
  batch(() => {
    for (const setting of allSettings) setting.read(renamed.get(setting.name));
  });
}

/** Settings that differ from their defaults. */
export function settingsToPairs(): Pairs {
  const pairs = new Map<string, string>();
  for (const setting of allSettings) {
    const text = setting.write();
    if (text !== undefined) pairs.set(setting.name, text);
  }
  return pairs;
}
