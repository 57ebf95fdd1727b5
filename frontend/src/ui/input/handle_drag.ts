/** Dragging a handle: its moves until it is let go. Esc puts everything back. */

let undo: (() => void) | null = null;

/** To be called when it is pressed. back: brings back what was there before; ended: called in every case. */
export function dragHandle(
  event: PointerEvent,
  moved: (event: PointerEvent) => void,
  back: () => void,
  ended?: () => void,
): void {
  const element = event.currentTarget as HTMLElement;
  const end = () => {
    element.onpointermove = element.onpointerup = element.onpointercancel = null;
    undo = null;
    ended?.();
  };
  element.setPointerCapture(event.pointerId);
  element.onpointermove = moved;
  element.onpointerup = element.onpointercancel = end;
  undo = () => {
    back();
    end();
  };
  event.stopPropagation();
}

/** Whether a handle was being dragged. */
export function undoHandleDrag(): boolean {
  const drags = undo !== null;
  undo?.();
  return drags;
}
