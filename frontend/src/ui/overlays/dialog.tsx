/** What lies over the page, and takes the keys, as long as it is drawn. */

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { IconButton } from "../widgets/controls";

interface Props {
  readonly kind: string;
  readonly label: string;
  /** At the top, beside a button that closes; without one a click beside the box closes it. */
  readonly title?: string;
  readonly close: () => void;
  readonly children: ComponentChildren;
}

export function Dialog({ kind, label, title, close, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    // The focus returns to where it was.
    return () => element?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click beside the box closes it, as Esc does.
    <dialog
      ref={dialog}
      class={kind}
      aria-label={label}
      onClose={close}
      onClick={(event) => {
        if (title === undefined && event.target === event.currentTarget) close();
      }}
    >
      {title === undefined ? null : (
        <div class="pane-head">
          <h2>{title}</h2>
          <IconButton icon="close" tip="Close" onClick={close} />
        </div>
      )}
      {children}
    </dialog>
  );
}
