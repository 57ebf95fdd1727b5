/** The choice of what shares an axis or a colour scale; without links each panel has its own. */

import type { Signal } from "@preact/signals";
import * as settings from "../../view/settings/settings";
import { bound, Select } from "../widgets/controls";
import { SCOPES } from "./options";

interface Props {
  readonly label: string;
  readonly what: string;
  readonly scope: Signal<settings.Scope>;
}

export function ScopeSelect({ label, what, scope }: Props) {
  const linked = settings.linked.value;
  const { value, onChange } = bound(scope);
  return (
    <Select
      label={label}
      tip={`Which panels share one ${what}, while they are linked (L)`}
      options={SCOPES}
      value={linked ? value : "panel"}
      onChange={onChange}
      disabled={!linked}
    />
  );
}
