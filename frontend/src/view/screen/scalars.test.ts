import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { API_VERSION } from "../../series/types";
import { pageShown } from "../catalog/catalog";
import { epochs } from "../panel/panel_times";
import * as settings from "../settings/settings";
import { madeSeries, resetPage, showPage } from "./page_fixture";
import {
  extents,
  retryScalars,
  scalarErrors,
  scalarKey,
  series,
  shownTags,
  startScalars,
  tags,
} from "./scalars";

/** Scalars by run and tag; null fails. */
let stored: Record<string, readonly (number | null)[] | null>;
let asked: string[];

async function answer(address: string | URL | Request): Promise<Response> {
  const { searchParams } = new URL(String(address));
  const [run, tag] = [searchParams.get("run") ?? "", searchParams.get("tag") ?? ""];
  asked.push(`${run} ${tag}`);
  const values = stored[`${run} ${tag}`];
  if (!values)
    return new Response("No such scalar.", { status: 404, headers: { "Content-Type": "text/plain" } });
  const steps = values.map((_, at) => at);
  return Response.json({ version: API_VERSION, run, tag, steps, wall_times: steps, values });
}

async function answered(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve));
}

beforeEach(() => {
  vi.stubGlobal("window", globalThis);
  vi.stubGlobal("fetch", answer);
  stored = { "one train_loss": [3, 2, null], "two train_loss": [30, 20, 10], "one epoch": [0, 0.5, 1] };
  asked = [];
  showPage(["one", "two"], [madeSeries("conv", 2)], { scalars: ["lr", "epoch", "train_loss"] });
});

afterEach(() => {
  resetPage();
  pageShown.value = false;
});

describe("what is drawn", () => {
  it("is the loss, or what is chosen of what there is", () => {
    expect(tags.value).toEqual(["lr", "train_loss"]);
    expect(shownTags.value).toEqual(["train_loss"]);
    settings.scalars.value = ["lr", "gone"];
    expect(shownTags.value).toEqual(["lr"]);
    settings.scalars.value = [];
    expect(shownTags.value).toEqual([]);
  });

  it.each([
    [["eval/loss", "final/loss", "train/loss"], "train/loss"],
    [["a/loss", "loss"], "loss"],
    [["Loss/validation"], "Loss/validation"],
  ])("of %j is the loss of the training", (scalars, loss) => {
    showPage(["one"], [madeSeries("conv", 1)], { scalars });
    expect(shownTags.value).toEqual([loss]);
  });
});

describe("scalars of the shown runs", () => {
  startScalars();

  it("come while the page is shown, with the epochs of the time axis", async () => {
    await answered();
    expect(asked).toEqual([]);
    pageShown.value = true;
    await answered();
    expect(asked).toEqual(["one train_loss", "one epoch", "two train_loss", "two epoch"]);
    expect(series.value.get(scalarKey("two", "train_loss"))!.values).toEqual([30, 20, 10]);
    expect(epochs.value.get("one")).toEqual({ epochSteps: [0, 1, 2], epochs: [0, 0.5, 1] });
    const [lowest, highest] = extents.value.get(scalarKey("one", "train_loss"))!;
    expect([lowest <= 2, highest >= 30]).toEqual([true, true]);
  });

  it("say why one has not come, until it does", async () => {
    stored["two train_loss"] = null;
    pageShown.value = true;
    await answered();
    expect(scalarErrors.value.get(scalarKey("two", "train_loss"))).toBe("No such scalar.");
    expect(scalarErrors.value.has(scalarKey("one", "train_loss"))).toBe(false);
    stored["two train_loss"] = [1];
    retryScalars();
    expect(scalarErrors.value.size).toBe(0);
    await answered();
    expect(series.value.get(scalarKey("two", "train_loss"))!.values).toEqual([1]);
  });
});
