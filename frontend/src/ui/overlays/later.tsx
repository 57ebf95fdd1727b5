/** Parts of the page that are loaded after the first pictures, or when they are wanted before. */

import { effect } from "@preact/signals";
import type { ComponentType } from "preact";
import { laterPart } from "../../view/reactive/later_part";
import { drawnOnce } from "../../view/screen/screen";
import { loadParts, type Parts } from "../input/load_parts";
import { say } from "../widgets/toast";

/** However busy the page is, a part is there this long after the first pictures. */
const LATEST_MS = 2000;

type PropsOf<Part> = Part extends (props: infer P) => unknown ? P & object : object;

/**
 * A component of the parts that are loaded apart; nothing is drawn until it is there.
 * `wanted`: whether somebody waits for it now; may read signals.
 */
export function later<Name extends keyof Parts, P extends object = PropsOf<Parts[Name]>>(
  name: Name,
  wanted: () => boolean = () => true,
): ComponentType<P> {
  const part = laterPart(async () => ({ Content: (await loadParts())[name] as ComponentType<P> }));
  const loadOrSay = async () => {
    if (!(await part.load()) && wanted())
      say("This part of the page could not be loaded. Is TensorBoard still running?");
  };
  effect(() => {
    if (drawnOnce.value) requestIdleCallback(() => void loadOrSay(), { timeout: LATEST_MS });
  });
  return function Later(props: P) {
    const found = part.value.value;
    if (found !== null) return <found.Content {...props} />;
    if (wanted()) void loadOrSay();
    return null;
  };
}
