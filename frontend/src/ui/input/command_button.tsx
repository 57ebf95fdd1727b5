/** A button that does what a command does; its tooltip has the command's name and keys. */

import { IconButton } from "../widgets/controls";
import type { IconName } from "../widgets/icons";
import type { Command } from "./commands";
import { keysToText } from "./key_names";

interface Props {
  readonly command: Command;
  readonly icon: IconName;
  /** With its name beside the icon. */
  readonly named?: true;
  readonly pressed?: boolean;
}

export function CommandButton({ command, icon, named, pressed }: Props) {
  const { label, keys } = command;
  return (
    <IconButton
      icon={icon}
      tip={keys === undefined ? label : `${label} (${keysToText(keys)})`}
      text={named && label}
      pressed={pressed}
      onClick={() => command.run(null, false)}
    />
  );
}
