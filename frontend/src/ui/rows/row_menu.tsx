/** What can be taken away from a row: pictures, numbers, a table, a link. */

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { canShare } from "../../series/page_client";
import { client } from "../../view/catalog/catalog";
import type { LayerView } from "../../view/panel/layer_view";
import type { PanelView } from "../../view/panel/panel_view";
import * as commands from "../input/commands";
import { FORMATS, PAGE_PICTURES, saveRow } from "../overlays/save";
import { SHARE, shareAsFile } from "../overlays/share_file";
import { tableOf } from "../settings/open_state";
import { Menu } from "../widgets/controls";
import { CutName } from "../widgets/cut_name";

const SAID_MS = 2500;

export function RowMenu({ model }: { readonly model: LayerView }) {
  return (
    <Menu icon="download" tip="Save or copy this layer" name={`Save or copy ${model.series.value.layer}`}>
      <Actions model={model} />
    </Menu>
  );
}

function Actions({ model }: { readonly model: LayerView }) {
  const said = useSignal("");
  const whole = useRef<HTMLDivElement>(null);
  const close = () => whole.current?.closest<HTMLElement>("[popover]")?.hidePopover();
  /** Only what went wrong keeps the menu open. */
  const tell = (words: string) => {
    if (words === "") return close();
    said.value = words;
    window.setTimeout(() => {
      said.value = "";
    }, SAID_MS);
  };
  return (
    <>
      <div ref={whole} class="menu-list actions">
        {FORMATS.map(({ format, label, tip }) => (
          <button
            key={format}
            type="button"
            title={tip}
            onClick={() => void saveRow(model, format).then(tell)}
          >
            {label}
          </button>
        ))}
        {PAGE_PICTURES.map(({ name, save }) => (
          <button key={name} type="button" onClick={() => void save().then(tell)}>
            {name}
          </button>
        ))}
        {canShare ? (
          <button
            type="button"
            onClick={() => {
              close();
              void shareAsFile();
            }}
          >
            {SHARE}
          </button>
        ) : null}
        {model.panels.value.map((panel) => (
          <span key={panel.id} class="exact">
            Exact counts of
            <CutName name={panel.run} />
            <ExactLink panel={panel} format="csv" onClick={close} />
            <ExactLink panel={panel} format="json" onClick={close} />
          </span>
        ))}
        <button
          type="button"
          title="The numbers as a table"
          onClick={() => {
            close();
            tableOf.value = model;
          }}
        >
          Table
        </button>
        <button
          type="button"
          title="An address that restores this view"
          onClick={() => {
            close();
            commands.copyLink.run(null, false);
          }}
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
  readonly onClick: () => void;
}

function ExactLink({ panel, format, onClick }: ExactProps) {
  const { tag, source } = panel.layer.series.value;
  const name = format.toUpperCase();
  return (
    <a
      href={client.exportUrl({ run: panel.run, tag, source, format })}
      download
      onClick={onClick}
      aria-label={`Exact counts of ${panel.run} as ${name}`}
      title="All stored bins and steps"
    >
      {name}
    </a>
  );
}
