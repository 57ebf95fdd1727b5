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

export function readHash(): string {
  return host().location.hash;
}

/** Sets the hash without a hashchange; in the place of what the history has, or after it as something to go back from. */
export function writeHash(hash: string, entry: "same" | "new" = "same"): void {
  const { location, history } = host();
  if (hash === location.hash) return;
  const { pathname, search } = location;
  const address = `${pathname}${search}${hash}`;
  if (entry === "new") history.pushState(history.state, "", address);
  else history.replaceState(history.state, "", address);
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
