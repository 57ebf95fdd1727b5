import { describe, expect, it } from "vitest";
import { allSettings, GROUPS } from "./setting";
import * as settings from "./settings";

/** What is not in the table as it should be: under the name that it is exported by, with words of its own. */
function faults(exported: Readonly<Record<string, unknown>>, table = allSettings): string[] {
  const settingsByName = Object.entries(exported).filter(([name]) => name !== "NO_ZOOM");
  const words = (label: string) => table.filter((setting) => setting.label === label).length;
  return [
    ...settingsByName
      .filter(([name, setting]) => !table.some((listed) => listed === setting && listed.name === name))
      .map(([name]) => `${name} is not in the table under its name`),
    ...table
      .filter((setting) => !settingsByName.some(([, one]) => one === setting))
      .map(({ name }) => `${name} is not exported by settings.ts`),
    ...table.filter(({ label }) => words(label) !== 1).map(({ name }) => `${name} shares its label`),
    ...table.filter(({ tip }) => tip === "").map(({ name }) => `${name} has no tip`),
  ];
}

describe("the table of settings", () => {
  it("has every setting once, under the name that the code and the URL use", () => {
    expect(faults(settings)).toEqual([]);
    expect(new Set(allSettings.map(({ group }) => group))).toEqual(new Set(GROUPS));
  });

  it("is held to that: what is missing, renamed or twice is found", () => {
    const { time, curve } = settings;
    const { kind, ...others } = settings;
    expect(faults({ ...settings, other: time })).toEqual(["other is not in the table under its name"]);
    expect(faults(others)).toEqual(["kind is not exported by settings.ts"]);
    const without = allSettings.filter((setting) => setting !== curve);
    expect(faults(settings, without)).toEqual(["curve is not in the table under its name"]);
    expect(faults(settings, [...allSettings, kind])).toEqual([
      "kind shares its label",
      "kind shares its label",
    ]);
  });

  it("has a label for every option", () => {
    for (const setting of allSettings) {
      if (setting.form !== "choice" && setting.form !== "list") continue;
      const labels = setting.options.map(({ label }) => label);
      expect(new Set(labels).size).toBe(labels.length);
      expect(labels).not.toContain("");
    }
  });
});
