/** What can be taken away from a row: pictures, numbers, a table, a link. */

import { useSignal } from "@preact/signals";
import { client } from "../../view/catalog/catalog";
import type { LayerView } from "../../view/panel/layer_view";
import type { PanelView } from "../../view/panel/panel_view";
import { linkToView } from "../../view/settings/url";
import * as commands from "../input/commands";
import { FORMATS, PAGE_PICTURES, saveRow } from "../overlays/save";
import { tableOf } from "../settings/open_state";
import { copyText } from "../widgets/clipboard";
import { Menu } from "../widgets/controls";

const SAID_MS = 2500;

export function RowMenu({ model }: { readonly model: LayerView }) {
  return (
    <Menu icon="download" tip="Save or copy this layer">
      <Actions model={model} />
    </Menu>
  );
}

function Actions({ model }: { readonly model: LayerView }) {
  const said = useSignal("");
  const say = (words: string) => {
    said.value = words;
    window.setTimeout(() => {
      said.value = "";
    }, SAID_MS);
  };
  return (
    <>
      <div class="menu-list actions">
        {FORMATS.map(({ format, label, tip }) => (
          <button
            key={format}
            type="button"
            title={tip}
            onClick={() => void saveRow(model, format).then(say)}
          >
            {label}
          </button>
        ))}
        {PAGE_PICTURES.map(({ name, save }) => (
          <button key={name} type="button" onClick={() => void save().then(say)}>
            {name}
          </button>
        ))}
        {model.panels.value.map((panel) => (
          <span key={panel.id} class="exact">
            <span class="ellipsis">Exact counts of {panel.run}</span>
            <ExactLink panel={panel} format="csv" />
            <ExactLink panel={panel} format="json" />
          </span>
        ))}
        <button
          type="button"
          title="The numbers as a table"
          onClick={() => {
            tableOf.value = model;
          }}
        >
          Table
        </button>
        <button
          type="button"
          title="An address that restores this view"
          onClick={() => void copyText(linkToView()).then(say)}
        >
          {commands.copyLink.label}
        </button>
      </div>
      <div class="menu-said" role="status">
        {said}
      </div>
    </>
  );
}

interface ExactProps {
  readonly panel: PanelView;
  readonly format: "csv" | "json";
}

function ExactLink({ panel, format }: ExactProps) {
  const { tag, source } = panel.layer.series.value;
  const name = format.toUpperCase();
  return (
    <a
      href={client.exportUrl({ run: panel.run, tag, source, format })}
      download
      aria-label={`Exact counts of ${panel.run} as ${name}`}
      title={`All stored bins and steps of ${panel.run}, exactly, as ${name}`}
    >
      {name}
    </a>
  );
}
