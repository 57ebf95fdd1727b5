/** Writing to the clipboard, which a browser may refuse. */

/** Says what happened. */
export async function copyText(words: string): Promise<string> {
  try {
    await navigator.clipboard.writeText(words);
    return "Copied.";
  } catch {
    return "The browser does not let this page write to the clipboard.";
  }
}
