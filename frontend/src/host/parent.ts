/** The window around the plugin's frame: its URL, its theme, its messages. All of it is optional. */

/** TensorBoard's window; our own where the page is opened alone or the embedder is of another origin. */
function hostWindow(): Window {
  try {
    void window.parent.location.hash;
    return window.parent;
  } catch {
    return window;
  }
}

let found: Window | null = null;

/** Looked up when first asked for, so that modules can be imported where there is no window. */
function host(): Window {
  found ??= hostWindow();
  return found;
}

/** Of the page around ours; ours where that is out of reach. */
export function hostDocument(): Document {
  return host().document;
}

export function readHash(): string {
  return host().location.hash;
}

/** Replaces the hash without an entry in the history and without a hashchange. */
export function writeHash(hash: string): void {
  const { location, history } = host();
  if (hash !== location.hash) history.replaceState(history.state, "", addressWith(hash));
}

/** What tells our entries of the history from those of links, which have no state. */
const DEPTH = "activation_hist_depth";

/** Sets the hash in a new entry of the history. `depth`: of the present entry, which the new one can be gone back from. */
export function pushHash(hash: string, depth: number): void {
  const { location, history } = host();
  history.replaceState({ ...history.state, [DEPTH]: depth }, "", addressWith(location.hash));
  history.pushState({ ...history.state, [DEPTH]: depth + 1 }, "", addressWith(hash));
}

/** Of the present entry of the history; undefined where `pushHash` has not been there. */
export function readDepth(): unknown {
  return host().history.state?.[DEPTH];
}

function addressWith(hash: string): string {
  const { pathname, search } = host().location;
  return `${pathname}${search}${hash}`;
}

/** As the browser's own button does; a hashchange follows. */
export function goBackInHistory(): void {
  host().history.back();
}

/** The address that restores the view. */
export function readAddress(): string {
  return host().location.href;
}

export function onHashChange(listener: () => void): () => void {
  const target = host();
  target.addEventListener("hashchange", listener);
  return () => target.removeEventListener("hashchange", listener);
}

/** Calls back with whether the host is dark, at once and at every change. */
export function watchDark(listener: (dark: boolean) => void): () => void {
  if (host() === window) return watchPreference(listener);
  const { body } = host().document;
  const report = () => listener(body.classList.contains("dark-mode"));
  const observer = new MutationObserver(report);
  observer.observe(body, { attributes: true, attributeFilter: ["class"] });
  report();
  return () => observer.disconnect();
}

function watchPreference(listener: (dark: boolean) => void): () => void {
  const query = window.matchMedia("(prefers-color-scheme: dark)");
  const report = () => listener(query.matches);
  query.addEventListener("change", report);
  report();
  return () => query.removeEventListener("change", report);
}

/**
 * Calls back with whether the tab is shown, at once and at every change. TensorBoard hides a tab by giving its
 * frame no height; `visibilityState` stays "visible" then, so both are asked.
 */
export function watchShown(listener: (shown: boolean) => void): () => void {
  const report = () => listener(window.innerHeight > 0 && document.visibilityState === "visible");
  window.addEventListener("resize", report);
  document.addEventListener("visibilitychange", report);
  report();
  return () => {
    window.removeEventListener("resize", report);
    document.removeEventListener("visibilitychange", report);
  };
}
