/** The parts of a shared file: base64 of gzip, each in a script element of its own that nobody runs. */

/** A part by its name, unpacked. */
export async function readPart(name: string): Promise<ArrayBuffer> {
  const text = document.getElementById(`part-${name}`)?.textContent;
  if (!text) throw new Error(`The file has no part ${name}; it is cut off or was changed.`);
  return unpack(text);
}

/** Base64 of gzip. */
export async function unpack(text: string): Promise<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}
