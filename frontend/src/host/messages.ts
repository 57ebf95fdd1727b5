/** TensorBoard's message channel to a plugin's frame: JSON strings over a port that the frame offers. */

interface Message {
  readonly type: string;
  readonly id: number;
  readonly isReply: boolean;
}

/** Calls back whenever TensorBoard has reloaded its data (button or timer). Nothing happens when opened alone. */
export function onDataReloaded(listener: () => void): void {
  if (window.parent === window) return;
  const channel = new MessageChannel();
  channel.port1.onmessage = ({ data }: MessageEvent<string>) => {
    const message = JSON.parse(data) as Message;
    if (message.isReply) return;
    if (message.type === "experimental.DataReloaded") listener();
    const reply = { type: message.type, id: message.id, payload: null, error: null, isReply: true };
    channel.port1.postMessage(JSON.stringify(reply));
  };
  window.parent.postMessage("experimental.bootstrap", "*", [channel.port2]);
}
