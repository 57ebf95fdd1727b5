/** The size of the part that scrolls, whichever view it shows. */

import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";
import { frame, noteWindow } from "../../view/layout/metrics";

/** Keeps `frame` as large as an element. */
export function useFrame(scroller: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const measure = () => {
      // A hidden tab has no height; its last size is kept so that coming back changes nothing.
      if (element.clientHeight === 0) return;
      const { clientWidth: width_px, clientHeight: height_px } = element;
      const last = frame.peek();
      if (last.width_px !== width_px || last.height_px !== height_px) frame.value = { width_px, height_px };
      noteWindow();
    };
    // It tells the first size too, after the layout of the first frame; asking before would cost a layout more.
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [scroller]);
}
