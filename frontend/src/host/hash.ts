/** TensorBoard's URL hash: `#<tab>&key=value&…`, keys and values URI-encoded; ours are `p.activation_hist.*`. */

const PREFIX = "p.activation_hist.";

export type Pairs = ReadonlyMap<string, string>;

/** Our pairs of a hash, without the prefix. Damaged parts are left out. */
export function hashToPairs(hash: string): Pairs {
  const pairs = new Map<string, string>();
  for (const part of splitHash(hash)) {
    const at = part.indexOf("=");
    if (at < 0) continue;
    const key = decode(part.slice(0, at));
    const value = decode(part.slice(at + 1));
    if (key?.startsWith(PREFIX) && value !== null) pairs.set(key.slice(PREFIX.length), value);
  }
  return pairs;
}

/** The hash with our pairs replaced; the tab's bare token and everybody else's pairs stay as they are. */
export function replacePairs(hash: string, pairs: Pairs): string {
  const others = splitHash(hash).filter((part) => !isOurs(part));
  const ours = [...pairs].map(([key, value]) => `${encodeURIComponent(PREFIX + key)}=${encode(value)}`);
  const parts = [...others, ...ours];
  return parts.length > 0 ? `#${parts.join("&")}` : "";
}

function splitHash(hash: string): string[] {
  return hash
    .replace(/^#/, "")
    .split("&")
    .filter((part) => part !== "");
}

function isOurs(part: string): boolean {
  return part.includes("=") && (decode(part.slice(0, part.indexOf("=")))?.startsWith(PREFIX) ?? false);
}

/** Keeps commas, slashes and colons readable; TensorBoard decodes with decodeURIComponent all the same. */
function encode(value: string): string {
  return encodeURIComponent(value).replace(/%(2C|2F|3A)/g, (code) => decodeURIComponent(code));
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
