/** How a setting's value is written into the URL and read back; `parse` gives undefined for what is not allowed. */

export interface Codec<T> {
  parse(text: string): T | undefined;
  format(value: T): string;
}

export const text: Codec<string> = {
  parse: (value) => value,
  format: (value) => value,
};

export const flag: Codec<boolean> = {
  parse: (value) => (value === "1" ? true : value === "0" ? false : undefined),
  format: (value) => (value ? "1" : "0"),
};

export function choice<T extends string>(allowed: readonly T[]): Codec<T> {
  return {
    parse: (value) => allowed.find((item) => item === value),
    format: (value) => value,
  };
}

export function integer(lowest: number, highest: number): Codec<number> {
  return {
    parse: (value) => {
      const number = Number(value);
      return value !== "" && Number.isInteger(number) && number >= lowest && number <= highest
        ? number
        : undefined;
    },
    format: String,
  };
}

export const number: Codec<number> = {
  parse: (value) => (value !== "" && Number.isFinite(Number(value)) ? Number(value) : undefined),
  format: (value) => String(Number(value.toPrecision(12))),
};

/** Items separated by commas; a comma or backslash inside an item is escaped with a backslash. */
export const texts: Codec<readonly string[]> = {
  parse: (value) => (value === "" ? [] : splitItems(value)),
  format: (value) => value.map((item) => item.replace(/[\\,]/g, "\\$&")).join(","),
};

function splitItems(value: string): string[] {
  const items = [""];
  for (let at = 0; at < value.length; at++) {
    const character = value.charAt(at);
    if (character === ",") items.push("");
    else items[items.length - 1] += character === "\\" ? value.charAt(++at) : character;
  }
  return items;
}

export function choices<T extends string>(allowed: readonly T[]): Codec<readonly T[]> {
  return {
    parse: (value) => {
      const items = value === "" ? [] : value.split(",");
      const known = items.filter((item): item is T => (allowed as readonly string[]).includes(item));
      return known.length === items.length ? known : undefined;
    },
    format: (value) => value.join(","),
  };
}

/** Enough digits to restore a zoom to a thousandth of a pixel. */
function numberToText(value: number): string {
  return String(Number(value.toPrecision(10)));
}

/** Nothing chosen, which is not the same as an empty choice; lists have their backslashes escaped. */
const UNCHOSEN = "\\";

export function optional<T>(codec: Codec<T>): Codec<T | null> {
  return {
    parse: (value) => (value === UNCHOSEN ? null : codec.parse(value)),
    format: (value) => (value === null ? UNCHOSEN : codec.format(value)),
  };
}

/** Two numbers, the first below the second; either may be left open. */
export type Limits = readonly [number | null, number | null];

export const limits: Codec<Limits> = {
  parse: (value) => {
    const [low, high, ...rest] = value.split(",").map((part) => (part === "" ? null : Number(part)));
    if (low === undefined || high === undefined || rest.length > 0) return undefined;
    if ([low, high].some((end) => end !== null && !Number.isFinite(end))) return undefined;
    return low !== null && high !== null && low >= high ? undefined : [low, high];
  },
  format: (ends) => ends.map((end) => (end === null ? "" : numberToText(end))).join(","),
};

/** Two finite numbers, the first below the second. */
export type Interval = readonly [number, number];

export const interval: Codec<Interval> = {
  parse: (value) => {
    const [low, high] = limits.parse(value) ?? [null, null];
    return low === null || high === null ? undefined : [low, high];
  },
  format: limits.format,
};

/** Values by the name of what they belong to. */
export function keyed<T>(codec: Codec<T>): Codec<ReadonlyMap<string, T>> {
  return {
    parse: (value) => {
      const entries: [string, T][] = [];
      for (const part of value === "" ? [] : value.split(";")) {
        const [key, text] = part.split("~");
        const parsed = codec.parse(text ?? "");
        if (key === undefined || text === undefined || parsed === undefined) return undefined;
        entries.push([unescapeKey(key), parsed]);
      }
      return new Map(entries);
    },
    format: (map) => [...map].map(([key, value]) => `${escapeKey(key)}~${codec.format(value)}`).join(";"),
  };
}

/** Names of layers and runs may hold the characters that separate entries. */
function escapeKey(key: string): string {
  return key.replace(/[%~;]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
}

function unescapeKey(key: string): string {
  return key.replace(/%(25|7e|3b)/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
