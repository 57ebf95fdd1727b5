/** What of the toolbar is folded, so that it fits: measured, since words and numbers in it come and go. */

import { type ReadonlySignal, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

/**
 * In the order in which they go. Gaps get narrower; the switch of rows, then all buttons lose their words; kinds become a list, and what is long gets shorter; palette and help,
 * the choice of the view, then all other choices go into the menu; at last the bar has several lines.
 */
const FOLDS = ["gaps", "rows", "words", "kinds", "short", "tools", "views", "choices", "wrap"] as const;
export type Fold = (typeof FOLDS)[number];

/** The folds in force; the bar's element has them as a list of words too, for the style sheet. */
export function useFolds(bar: RefObject<HTMLElement | null>): ReadonlySignal<readonly Fold[]> {
  const folds = useSignal<readonly Fold[]>([]);
  useEffect(() => {
    const element = bar.current;
    if (element === null) return;
    const fit = () => {
      // A hidden tab has no width.
      if (element.clientWidth === 0) return;
      for (let count = 0; count <= FOLDS.length; count++) {
        folds.value = FOLDS.slice(0, count);
        element.dataset.fold = folds.value.join(" ");
        if (element.scrollWidth <= element.clientWidth) break;
      }
    };
    let due = 0;
    const soon = () => {
      window.cancelAnimationFrame(due);
      due = window.requestAnimationFrame(fit);
    };
    const sizes = new ResizeObserver(fit);
    sizes.observe(element);
    const contents = new MutationObserver(soon);
    contents.observe(element, { childList: true, characterData: true, subtree: true });
    document.fonts.addEventListener("loadingdone", soon);
    return () => {
      sizes.disconnect();
      contents.disconnect();
      window.cancelAnimationFrame(due);
      document.fonts.removeEventListener("loadingdone", soon);
    };
  }, [bar, folds]);
  return folds;
}
