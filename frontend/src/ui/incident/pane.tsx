/** The pane at the bottom that explains one incident: what happened, on what evidence, what to try. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { nameSteps } from "../../math/format";
import type { FindingAnswer } from "../../series/types";
import { showFirstLayer, startRevealing } from "../../view/board/reveal_incident";
import { toReveal } from "../../view/findings/explained";
import { progress } from "../../view/findings/findings";
import { chain, startFetching } from "../../view/findings/incident_data";
import { explained, explainedIncident, moveIncident, walked } from "../../view/findings/incidents";
import { colourOfRun } from "../../view/selection/selection";
import { incident } from "../../view/settings/settings";
import { linkToView } from "../../view/settings/url";
import { report } from "../input/commands";
import { dragHandle } from "../input/handle_drag";
import { download } from "../overlays/save";
import { IconButton } from "../widgets/controls";
import { CutName } from "../widgets/cut_name";
import { Icon } from "../widgets/icons";
import { say } from "../widgets/toast";
import { Chain, Others } from "./chain";
import { Figures, Related } from "./figures";
import { Moments } from "./moments";
import { elementsToPng } from "./picture";
import { Remedy } from "./remedy";
import { incidentToMarkdown } from "./report";

const USUAL_PX = 320;
const LEAST_PX = 120;
/** Of the page's height: at first, and when it is made taller. */
const MOST_AT_FIRST = 0.45;
const MOST = 0.8;
const KEY_STEP_PX = 24;

export function IncidentPane() {
  const pane = useRef<HTMLElement>(null);
  const height_px = useSignal(Math.min(USUAL_PX, MOST_AT_FIRST * window.innerHeight));
  useEffect(() => {
    // Opened by hand it has the focus, which goes back to where it was; opened by a link it leaves it alone.
    const before = document.activeElement;
    if (toReveal.peek() !== null) pane.current?.focus({ preventScroll: true });
    return () => {
      const back = before instanceof HTMLElement && before.isConnected ? before : null;
      if (pane.current === null || pane.current.contains(document.activeElement))
        (back ?? document.querySelector("main"))?.focus({ preventScroll: true });
    };
  }, []);
  useEffect(startRevealing, []);
  useEffect(startFetching, []);
  const finding = explained.value;
  const byLink = useSignal(toReveal.peek() === null);
  useEffect(() => {
    if (finding === undefined || !byLink.peek()) return;
    byLink.value = false;
    showFirstLayer(finding);
  }, [finding]);
  return (
    <aside
      ref={pane}
      class="incident"
      style={{ height: `${height_px.value}px` }}
      tabIndex={-1}
      aria-label="Finding explained"
    >
      <Handle height_px={height_px} />
      {finding === undefined ? <Absent /> : <Explanation finding={finding} />}
    </aside>
  );
}

/** The upper edge, which makes the pane taller or lower. */
function Handle({ height_px }: { readonly height_px: { value: number; peek(): number } }) {
  const resize = (wanted_px: number) => {
    height_px.value = Math.min(MOST * window.innerHeight, Math.max(LEAST_PX, wanted_px));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a rule has no value; this one is moved.
    <div
      class="incident-handle"
      role="separator"
      tabIndex={0}
      aria-orientation="horizontal"
      aria-label="Height of the explanation"
      aria-valuenow={Math.round(height_px.value)}
      onPointerDown={(event) => {
        const [before_px, from_px] = [height_px.peek(), event.clientY];
        dragHandle(
          event,
          (moved) => resize(before_px + from_px - moved.clientY),
          () => resize(before_px),
        );
      }}
      onKeyDown={(event) => {
        const by = event.key === "ArrowUp" ? KEY_STEP_PX : event.key === "ArrowDown" ? -KEY_STEP_PX : 0;
        if (by === 0) return;
        resize(height_px.peek() + by);
        event.preventDefault();
        event.stopPropagation();
      }}
    />
  );
}

/** The link's finding is not known yet, or not any more. */
function Absent() {
  const pending = progress.value?.unchecked.includes(incident.value[0] ?? "") ?? true;
  return (
    <div class="incident-head">
      <h2 aria-live="polite">
        {pending ? `Checking ${incident.value[0]}…` : "This finding no longer exists."}
      </h2>
      <Close />
    </div>
  );
}

function Close() {
  return <IconButton icon="close" tip="Close the explanation (Esc)" onClick={() => incident.reset()} />;
}

interface ExplanationProps {
  readonly finding: FindingAnswer;
}

function Explanation({ finding }: ExplanationProps) {
  return (
    <>
      <Head finding={finding} />
      <div class="incident-body">
        <Part name="What happened" pictured>
          <Chain finding={finding} />
          <Others finding={finding} />
        </Part>
        <Part name={`Histograms of ${finding.layers[0]} around the onset`} pictured>
          <Moments finding={finding} />
        </Part>
        <Part name="Measured">
          <Figures finding={finding} />
          <h3>The same layer</h3>
          <Related />
        </Part>
        <Part name="What to try">
          <Remedy finding={finding} />
        </Part>
      </div>
    </>
  );
}

interface PartProps {
  readonly name: string;
  /** Whether it belongs to the picture of the report. */
  readonly pictured?: true;
  readonly children: ComponentChildren;
}

function Part({ name, pictured, children }: PartProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <section class={pictured && "pictured"} tabIndex={0} aria-label={name}>
      <h3>{name}</h3>
      {children}
    </section>
  );
}

function Head({ finding }: ExplanationProps) {
  const { severity, title, run, first_step, last_step } = finding;
  return (
    <div class="incident-head">
      <h2 aria-live="polite">
        <span class={`severity ${severity}`}>
          <Icon name="findings" />
          {severity}
        </span>{" "}
        {title}
      </h2>
      <span class="incident-run facts-line ellipsis" title={run}>
        <span class="swatch" style={{ background: colourOfRun(run) }} aria-hidden="true" />
        <CutName name={run} />· {nameSteps(first_step, last_step)}
      </span>
      <Steps />
      <IconButton
        icon="copy"
        tip="Copy as report: Markdown with a picture"
        text={report.label}
        onClick={copyReport}
      />
      <Close />
    </div>
  );
}

/** Which incident of how many. */
function Steps() {
  const all = walked.value;
  const at = explainedIncident.value === undefined ? -1 : all.indexOf(explainedIncident.value);
  return (
    <span class="incident-steps">
      <IconButton icon="fold" tip="Previous finding (Shift N)" onClick={() => moveIncident(-1)} />
      <span>
        {at < 0 ? "–" : at + 1} of {all.length}
      </span>
      <IconButton icon="fold" tip="Next finding (N)" onClick={() => moveIncident(1)} />
    </span>
  );
}

/** Of the explanation that is open. */
export async function copyReport(): Promise<void> {
  const finding = explained.peek();
  if (!finding) return;
  const parts = [...document.querySelectorAll<HTMLElement>(".pictured")];
  const picture = elementsToPng(parts, finding.title);
  const words = incidentToMarkdown({ finding, chain: chain.value, link: linkToView(), picture });
  try {
    await navigator.clipboard.writeText(words);
    say("Copied as Markdown, with a picture.");
  } catch {
    download(new File([words], "finding.md", { type: "text/markdown" }));
    say("Saved as finding.md: the browser does not let this page write to the clipboard.");
  }
}
