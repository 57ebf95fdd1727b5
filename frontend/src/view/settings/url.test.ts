import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { hashToPairs, replacePairs } from "../../host/hash";
import { FORMER_KEYS, renameKeys } from "./former_keys";
import { allSettings } from "./setting";
import * as settings from "./settings";
import { readSettings, settingsToPairs } from "./url";

/** A value for each former key, as links had it before, and what the setting is then. */
const FORMER_LINKS: Readonly<Record<keyof typeof FORMER_KEYS, readonly [string, unknown]>> = {
  q: ["conv", "conv"],
  fold: ["layer1,layer2", ["layer1", "layer2"]],
  open: ["activations/fc", ["activations/fc"]],
  t: ["1", "1"],
  pins: ["activations/a\\,b", ["activations/a,b"]],
  x: ["wall", "wall"],
  y: ["native", "native"],
  yof: ["all", "all"],
  yrange: ["-3,2.5", [-3, 2.5]],
  bins: ["50", 50],
  zeros: ["1", true],
  unit: ["density", "density"],
  color: ["sqrt", "sqrt"],
  same: ["panel", "panel"],
  map: ["magma", "magma"],
  limits: ["share activations/fc~0.1,", new Map([["share activations/fc", [0.1, null]]])],
  empty: ["1", true],
  lines: ["mean,percentiles", ["mean", "percentiles"]],
  step: ["70.5", 70.5],
  slice: ["offset", "offset"],
  slicelog: ["1", true],
  base: ["lr=1", "lr=1"],
  cmp: ["difference", true],
  w: ["640", 640],
  h: ["200", 200],
  zx: ["~50,100", new Map([["", [50, 100]]])],
  zy: ["activations/fc~0.1,0.2", new Map([["activations/fc", [0.1, 0.2]]])],
};

const formerKeys = Object.keys(FORMER_KEYS) as (keyof typeof FORMER_KEYS)[];

afterEach(() => {
  for (const setting of allSettings) setting.reset();
  vi.restoreAllMocks();
});

describe("a former link", () => {
  it.each(formerKeys)("is read, and written under today's names: %s", (former) => {
    const [text, value] = FORMER_LINKS[former];
    readSettings(new Map([[former, text]]));
    expect(allSettings.find(({ name }) => name === FORMER_KEYS[former])?.value).toEqual(value);
    expect([...settingsToPairs().keys()]).toEqual([FORMER_KEYS[former]]);
  });

  it.each(formerKeys)("says nothing where today's key is there too: %s", (former) => {
    const pairs = new Map([
      [former as string, FORMER_LINKS[former][0]],
      [FORMER_KEYS[former], "today's"],
    ]);
    expect(renameKeys(pairs).get(FORMER_KEYS[former])).toBe("today's");
  });

  it("without a difference has none", () => {
    readSettings(new Map([["cmp", "none"]]));
    expect(settings.difference.value).toBe(false);
  });

  it("is put in order in the address, with everything else left as it was", () => {
    const hash = "#activation_hist&runFilter=a&p.activation_hist.q=conv&p.activation_hist.x=wall";
    readSettings(hashToPairs(hash));
    expect(replacePairs(hash, settingsToPairs())).toBe(
      "#activation_hist&runFilter=a&p.activation_hist.filter=conv&p.activation_hist.time=wall",
    );
  });
});

describe("keys", () => {
  it("that were given up mean nothing else today", () => {
    const names = new Set(allSettings.map(({ name }) => name));
    expect(formerKeys.filter((former) => names.has(former))).toEqual([]);
    expect(Object.values(FORMER_KEYS).filter((name) => !names.has(name))).toEqual([]);
  });

  it("of today stay as they are", () => {
    const name = fc.constantFrom(...allSettings.map((setting) => setting.name));
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, fc.string()), { selector: ([key]) => key }), (entries) => {
        expect(renameKeys(new Map(entries))).toEqual(new Map(entries));
      }),
    );
  });
});

describe("an address", () => {
  it("sets what it does not name, or names wrongly, as at first", () => {
    const told = vi.spyOn(console, "info").mockImplementation(() => {});
    readSettings(new Map([["valueScale", "native"]]));
    readSettings(
      new Map([
        ["valueScale", "cubic"],
        ["scalars", ""],
      ]),
    );
    expect([settings.valueScale.value, settings.scalars.value]).toEqual(["auto", []]);
    expect(told).toHaveBeenCalledOnce();
    readSettings(new Map());
    expect(settings.scalars.value).toBeNull();
  });
});
