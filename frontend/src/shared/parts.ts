/** The parts of a shared file: base64 of gzip, each in a script element of its own that nobody runs. */

/** A part by its name, unpacked; it may still be on its way. */
export async function readPart(name: string): Promise<ArrayBuffer> {
  const text = partText(name) || (await wholeFile().then(() => partText(name)));
  if (!text) throw new Error(`The file has no part ${name}; it is cut off or was changed.`);
  return unpack(text);
}

/** Empty unless the part was read to its end: then something stands behind it. */
function partText(name: string): string {
  const element = document.getElementById(`part-${name}`);
  return element?.nextSibling ? (element.textContent ?? "") : "";
}

async function wholeFile(): Promise<void> {
  if (document.readyState !== "loading") return;
  await new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve, { once: true }));
}

/** Base64 of gzip. */
export async function unpack(text: string): Promise<ArrayBuffer> {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = letters.charCodeAt(at);
  // Written by hand: a stream of a Blob asks the browser's process for every part.
  const { readable, writable } = new DecompressionStream("gzip");
  const writer = writable.getWriter();
  const written = writer.write(bytes).then(() => writer.close());
  const [unpacked] = await Promise.all([new Response(readable).arrayBuffer(), written]);
  return unpacked;
}
