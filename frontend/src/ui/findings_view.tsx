/** Findings: marks on the time axis, badges beside names, and the list of all. */

import type { Finding } from "../data/types";
import { formatSteps } from "../math/format";
import { toUnit } from "../math/step_axis";
import { findingsOf, findingsOfTag, pending, sorted } from "../state/findings";
import { plot_px } from "../state/metrics";
import type { PanelModel } from "../state/panels";
import { showFinding } from "../state/reveal";
import { box } from "./box";
import { Menu } from "./controls";
import { Icon } from "./icons";

/** Where and how long, on the panel's own time axis. */
export function FindingMarks({ panel }: { readonly panel: PanelModel }) {
  const found = findingsOf(panel);
  const clock = panel.clock.value;
  if (found.length === 0 || clock === null) return null;
  const axis = panel.liveAxis.value;
  const perStep_s = (panel.tile.value?.columns.lastWallTime.at(-1) ?? 0) - clock.startTime;
  const place = (step: number) => {
    const wall =
      clock.startTime +
      (perStep_s * (step - clock.firstStep)) / Math.max(1, clock.lastStep - clock.firstStep);
    return axis.unitToPx(toUnit(axis.kind, step, wall, clock), plot_px.value);
  };
  return (
    <>
      {found.map((finding) => {
        const from_px = Math.max(0, place(finding.first_step));
        const to_px = Math.min(plot_px.value, place(finding.last_step + 1));
        if (to_px < 0 || from_px > plot_px.value) return null;
        return (
          <div
            key={`${finding.kind} ${finding.first_step}`}
            class={`finding-mark ${finding.severity}`}
            style={box({ left: from_px, width: Math.max(3, to_px - from_px) })}
            title={describe(finding)}
          />
        );
      })}
    </>
  );
}

function describe(finding: Finding): string {
  return `${finding.title} (steps ${formatSteps(finding.first_step, finding.last_step)}). ${finding.advice}`;
}

/** The worst finding of a layer in any shown run, with their number. */
export function FindingBadge({ tag, short }: { readonly tag: string; readonly short: boolean }) {
  const found = findingsOfTag(tag);
  const worst = found[0];
  if (worst === undefined) return null;
  const count = `${found.length} ${found.length === 1 ? "finding" : "findings"}`;
  const words = found.map((finding) => `${finding.run}: ${finding.title}`).join("\n");
  return (
    <button
      type="button"
      class={`badge ${worst.severity}`}
      title={words}
      aria-label={`${count}. ${words}`}
      onClick={() => showFinding(worst)}
    >
      {short ? found.length : count}
    </button>
  );
}

export function FindingsMenu() {
  const found = sorted.value;
  const waiting = pending.value;
  if (found.length === 0 && waiting === 0) return null;
  return (
    <Menu icon="findings" text="Findings" tip="What looks wrong, worst first" badge={String(found.length)}>
      <ol class="findings">
        {found.map((finding) => (
          <li key={`${finding.run} ${finding.kind} ${finding.tags[0] ?? ""} ${finding.first_step}`}>
            <button type="button" onClick={() => showFinding(finding)}>
              <span class={`severity ${finding.severity}`}>
                <Icon name="findings" />
                {finding.severity}
              </span>
              <strong>{finding.title}</strong>
              <span class="facts-line">
                {finding.run} · steps {formatSteps(finding.first_step, finding.last_step)}
                {finding.layers.length > 1
                  ? ` · ${finding.layers.length} layers`
                  : ` · ${finding.layers[0] ?? ""}`}
              </span>
              <span class="facts-line">{finding.advice}</span>
            </button>
          </li>
        ))}
      </ol>
      {waiting > 0 ? <p class="facts-line">{waiting} series not looked at yet</p> : null}
    </Menu>
  );
}
