/** What was measured against its threshold, and what else was recorded of the layer. */

import { useRef } from "preact/hooks";
import type { EvidenceAnswer, FindingAnswer } from "../../series/types";
import { related, tileOf } from "../../view/findings/incident_data";
import { placeOnBar } from "./measures";
import { Strip } from "./strip";
import { useWidth } from "./width";

export function Figures({ finding }: { readonly finding: FindingAnswer }) {
  return (
    <dl class="measures">
      {finding.evidence.map((evidence) => (
        <Figure key={evidence.label} evidence={evidence} />
      ))}
    </dl>
  );
}

function Figure({ evidence }: { readonly evidence: EvidenceAnswer }) {
  const { label, value, limit } = evidence;
  const bar = placeOnBar(evidence);
  return (
    <div class={limit && "limited"}>
      <dt>{label}</dt>
      <dd>
        <b>{value}</b>
        {limit === "" ? null : <span class="facts-line"> threshold {limit}</span>}
      </dd>
      {bar && (
        <span class="gauge" aria-hidden="true">
          <i style={{ width: `${bar[0] * 100}%` }} />
          <b style={{ left: `${bar[1] * 100}%` }} />
        </span>
      )}
    </div>
  );
}

/** Gradients, weights, updates of the first layer in the same steps. */
export function Related() {
  const place = useRef<HTMLDivElement>(null);
  const width_px = useWidth(place).value;
  return (
    <div ref={place}>
      {related.value.length === 0 ? (
        <p class="facts-line">
          Nothing else of this layer was recorded. Record its gradients, weights and updates with{" "}
          <code>kinds</code>.
        </p>
      ) : null}
      {related.value.map(({ tag, kind, layer }) => {
        const tile = tileOf(tag);
        const words = `${kind.replace("_", " ")} of ${layer}`;
        return (
          <figure key={tag}>
            <figcaption class="facts-line">{words}</figcaption>
            {tile && <Strip tile={tile} width_px={width_px} label={words} />}
          </figure>
        );
      })}
    </div>
  );
}
