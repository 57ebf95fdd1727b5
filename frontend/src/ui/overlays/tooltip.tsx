/** What is under the pointer, for all runs of the row; placed so that it never covers the cell. */

import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { formatExact } from "../../math/format";
import { fullAxis } from "../../view/panel/known_panels";
import { differenceToText, readoutToSentence, readoutToText } from "../../view/panel/readout_text";
import { readRecord, startRecordLookup } from "../../view/screen/record_lookup";
import { findPanel } from "../../view/screen/views";
import { colourOfRun, shortRunNames } from "../../view/selection/selection";
import { cursor } from "../../view/settings/zoom";
import { place, pointAt } from "../input/pointer";
import { box } from "../widgets/box";
import { CutName } from "../widgets/cut_name";

const AWAY_PX = 18;
const SPOKEN_AFTER_MS = 400;

export function CrosshairReadout() {
  useEffect(startRecordLookup, []);
  return (
    <>
      <Tooltip />
      <SpokenReadout />
    </>
  );
}

function Tooltip() {
  useEffect(() => {
    const follow = (event: PointerEvent) => {
      place.value = { x: event.clientX, y: event.clientY };
    };
    const touch = (event: PointerEvent) => {
      follow(event);
      const away = event.target instanceof Element && event.target.closest(".plot") === null;
      if (event.pointerType === "touch" && away) pointAt(null);
    };
    window.addEventListener("pointermove", follow, { passive: true });
    window.addEventListener("pointerdown", touch, { passive: true });
    return () => {
      window.removeEventListener("pointermove", follow);
      window.removeEventListener("pointerdown", touch);
    };
  }, []);
  const now = cursor.value;
  const panel = now === null ? undefined : findPanel(now.panelId);
  if (now === null || panel === undefined) return null;
  const here = readRecord(panel, now.unit, now.value, now.band);
  const series = panel.layer.series.value;
  const { innerWidth, innerHeight } = window;
  const { x, y } = place.value;
  const style = {
    ...(x > innerWidth / 2 ? { right: innerWidth - x + AWAY_PX } : { left: x + AWAY_PX }),
    ...(y > innerHeight / 2 ? { bottom: innerHeight - y + AWAY_PX } : { top: y + AWAY_PX }),
  };
  return (
    <div class="tooltip" style={box(style)} aria-hidden="true">
      <div class="tooltip-head">
        <strong>{series.layer}</strong>
        <span>{here ? readoutToSentence(here) : `${fullAxis.value.format(now.unit)}: no record here`}</span>
        {here ? <span class="when">{here.time}</span> : null}
      </div>
      <table>
        <tbody>
          {panel.layer.panels.value.map((other) => {
            const cell = readRecord(other, now.unit, now.value, now.band);
            return (
              <tr key={other.id} class={other === panel ? "own" : ""}>
                <td>
                  <span class="swatch" style={{ background: colourOfRun(other.run) }} />
                </td>
                <td>
                  <CutName name={shortRunNames.value.get(other.run) ?? other.run} />
                </td>
                <td class="number">
                  {cell && cell.count !== null ? formatExact(cell.count) : cell?.value ? "" : "—"}
                </td>
                <td class="number">{cell?.value}</td>
                <td class="number">{cell ? differenceToText(cell) : ""}</td>
                <td>{cell && cell.steps !== here?.steps ? `step ${cell.steps}` : ""}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** The readout for screen readers, when the crosshair rests. */
function SpokenReadout() {
  const spoken = useSignal("");
  const text = useComputed(() => {
    const now = cursor.value;
    const panel = now === null ? undefined : findPanel(now.panelId);
    if (now === null || panel === undefined) return "";
    const cell = readRecord(panel, now.unit, now.value, now.band);
    return cell === null ? "no record here" : readoutToText(panel, cell);
  });
  useEffect(() => {
    let timer = 0;
    const stop = text.subscribe((value) => {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => {
        spoken.value = value;
      }, SPOKEN_AFTER_MS);
    });
    return () => {
      stop();
      window.clearTimeout(timer);
    };
  }, [text, spoken]);
  return (
    <div class="visually-hidden" aria-live="polite">
      {spoken}
    </div>
  );
}
