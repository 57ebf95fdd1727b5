import { describe, expect, it } from "vitest";
import { drawingToSvg } from "./export_svg";
import type { Picture, PicturePanel, Raster, Renderer } from "./picture";
import { drawPicture, pictureDrawing } from "./picture_drawing";
import { pictureSize, shortenName, wrapText } from "./picture_layout";

const raster: Raster = { width: 2, height: 1, pixels: Uint32Array.of(1, 2) };
const band: Raster = { width: 2, height: 1, pixels: Uint32Array.of(3, 4) };

const panel: PicturePanel = {
  heading: "lr=1 <b> & \u0001",
  colour: "#ff0000",
  raster,
  xTicks: [
    { value: 0, share: 0, label: "0" },
    { value: 9, share: 1, label: "9" },
  ],
  yTicks: [{ value: 0.5, share: 0.5, label: "0.5" }],
  bands: [{ name: "nans", raster: band }],
  marks: [],
  strip: null,
  lines: [
    { label: "median", width: 1, dash: [3, 2], x: [0, 0.2, 0.4, 0.6, 0.8], y: [0, 1, Number.NaN, 0.5, 0.5] },
  ],
};

const picture: Picture = {
  title: "conv1",
  xLabel: "step",
  yLabel: "value",
  panels: [panel, { ...panel, heading: "lr=2", bands: [{ name: "zeros", raster: band }] }],
  strip: "",
  bars: [
    {
      heading: "",
      label: "share",
      ticks: [{ value: 1, share: 1, label: "100 %" }],
      gradient: ["#000000", "#ffffff"],
    },
  ],
  notes: ["0.3 % above"],
  width_px: 200,
  height_px: 100,
  apart: false,
  theme: { background: "#ffffff", text: "#111111", axis: "#666666" },
};

function svg(of: Picture = picture): string {
  return drawingToSvg(
    pictureDrawing(of),
    (image) => `data:${image.width}x${image.height},${image.pixels[0]}`,
  );
}

describe("drawingToSvg", () => {
  it("has title, run names, axes, bar and notes in it", () => {
    for (const word of [
      "conv1",
      "lr=2",
      "step",
      "value",
      "share",
      "100 %",
      "0.3 % above",
      "NaN",
      "median",
      "0.5",
    ]) {
      expect(svg()).toContain(`>${word}</text>`);
    }
  });

  it("embeds every raster and refers to nothing outside", () => {
    expect(svg().match(/href="data:2x1,1"/g)?.length).toBe(2);
    expect(svg().match(/href="data:2x1,3"/g)?.length).toBe(2);
    expect(svg().match(/href="(?!data:)/g)).toBeNull();
  });

  it("escapes names and drops characters that XML does not allow", () => {
    expect(svg()).toContain(">lr=1 &#60;b&#62; &#38; </text>");
    expect(svg()).not.toContain("\u0001");
  });

  it("breaks lines where they have no value", () => {
    const lines = [
      ...svg().matchAll(
        /<polyline points="([^"]*)" fill="none" stroke="#fff" stroke-width="1" stroke-dasharray="3 2"/g,
      ),
    ];
    const points = lines.map((line) => line[1]!.split(" ").length);
    // Two parts for each of two panels, one piece in the legend.
    expect(points).toEqual([2, 2, 2, 2, 2]);
  });
});

describe("bands in a picture", () => {
  it("are named once and stand at one height, also in panels that lack them", () => {
    const text = svg();
    expect(text.match(/>NaN</g)?.length).toBe(1);
    expect(text.match(/>= 0</g)?.length).toBe(1);
    const plain = pictureSize({ ...picture, panels: picture.panels.map((own) => ({ ...own, bands: [] })) });
    expect(pictureSize(picture).height_px - plain.height_px).toBe(20);
  });
});

describe("a picture of runs with axes and colours of their own", () => {
  const [one, two] = picture.panels as [PicturePanel, PicturePanel];

  it("labels the value axis once where it is the same, else at each panel", () => {
    const other = { ...two, yTicks: [{ value: 7, share: 0.5, label: "7" }] };
    const own = { ...picture, panels: [one, other] };
    expect(svg().match(/>0.5</g)?.length).toBe(1);
    expect(svg().match(/>value</g)?.length).toBe(1);
    expect(svg(own).match(/>(0.5|7)</g)).toEqual([">0.5<", ">7<"]);
    expect(svg(own).match(/>value</g)?.length).toBe(2);
    expect(pictureSize(own).width_px).toBeGreaterThan(pictureSize(picture).width_px);
  });

  it("names the runs at their colour bars", () => {
    const [bar] = picture.bars as [Picture["bars"][0]];
    const bars = ["lr=1", "a run with a name that is far too long"].map((heading) => ({ ...bar, heading }));
    expect(svg({ ...picture, bars })).toContain(">lr=1</text>");
    expect(svg({ ...picture, bars })).toMatch(/>a run \w*…\w* ?\w* long</);
  });
});

describe("a strip in a picture", () => {
  it("is drawn under the heatmap and named", () => {
    const strip: Raster = { width: 2, height: 1, pixels: Uint32Array.of(5, 6) };
    const withStrip = { ...picture, strip: "near zero", panels: [{ ...panel, strip }] };
    expect(svg(withStrip)).toContain('href="data:2x1,5"');
    expect(svg(withStrip)).toContain(">near zero</text>");
    expect(pictureSize(withStrip).height_px - pictureSize({ ...withStrip, strip: "" }).height_px).toBe(15);
  });
});

describe("words in a picture", () => {
  const words = Array.from({ length: 40 }, (_, i) => `word${i + 10}`).join(" ");

  it("are broken into lines that fit, none lost", () => {
    const lines = wrapText(words, 30);
    expect(Math.max(...lines.map((line) => line.trim().length))).toBeLessThanOrEqual(30);
    expect(lines.join("").replace(/ +/g, " ")).toBe(words);
    expect(wrapText("x".repeat(25), 10).map((line) => line.length)).toEqual([10, 10, 5]);
    expect(wrapText("short", 10)).toEqual(["short"]);
  });

  it("make the picture higher, not cut", () => {
    const long = { ...picture, title: `stage.${words}`, notes: [words] };
    const texts = [...svg(long).matchAll(/>([^<]*)<\/text>/g)].map((match) => match[1]!);
    for (let i = 0; i < 40; i++)
      expect(texts.filter((text) => text.includes(`word${i + 10}`)).length).toBe(2);
    expect(pictureSize(long).height_px).toBeGreaterThan(pictureSize(picture).height_px + 30);
  });

  it("keep both ends of a name that is too long", () => {
    expect(shortenName("lr=0.01", 7)).toBe("lr=0.01");
    expect(shortenName("experiment/lr=0.01/seed=3", 11)).toBe("exper…eed=3");
  });
});

describe("drawPicture", () => {
  it("stays inside the picture and puts heatmaps side by side", () => {
    const size = pictureSize(picture);
    const images: [number, number, number, number][] = [];
    const inside = (x: number, y: number): void => {
      expect(x >= 0 && x <= size.width_px && y >= 0 && y <= size.height_px).toBe(true);
    };
    const renderer: Renderer = {
      rectangle: (x, y, width, height) => {
        inside(x, y);
        inside(x + width - 0.5, y + height - 0.5);
      },
      line: (points) => {
        for (const [x, y] of points) inside(x, y);
      },
      text: (_, x, y) => inside(x, y),
      image: (image, x, y, width, height) => {
        if (image === raster) images.push([x, y, width, height]);
      },
    };
    drawPicture(picture, renderer);
    expect(images.length).toBe(2);
    expect(images[1]![0]).toBeGreaterThan(images[0]![0] + picture.width_px);
    expect(images.map(([, , width, height]) => [width, height])).toEqual([
      [200, 100],
      [200, 100],
    ]);
  });
});
