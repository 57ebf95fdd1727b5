/** How wide an element is, as it is laid out. */

import { type Signal, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";

/** In CSS px; 0 before the first layout. */
export function useWidth(element: RefObject<HTMLElement | null>): Signal<number> {
  const width_px = useSignal(0);
  useLayoutEffect(() => {
    const shown = element.current;
    if (shown === null) return undefined;
    const measure = () => {
      width_px.value = shown.clientWidth;
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(shown);
    return () => observer.disconnect();
  }, []);
  return width_px;
}
