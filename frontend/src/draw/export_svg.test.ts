import { describe, expect, it } from "vitest";
import { pictureToSvg } from "./export_svg";
import {
  drawPicture,
  type Picture,
  type PicturePanel,
  pictureSize,
  type Raster,
  type Surface,
} from "./picture";

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
  lines: [
    { label: "median", colour: "#00ff00", x: [0, 0.2, 0.4, 0.6, 0.8], y: [0, 1, Number.NaN, 0.5, 0.5] },
  ],
};

const picture: Picture = {
  title: "conv1",
  xLabel: "step",
  yLabel: "value",
  panels: [panel, { ...panel, heading: "lr=2", bands: [{ name: "zeros", raster: band }] }],
  bars: [
    { label: "share", ticks: [{ value: 1, share: 1, label: "100 %" }], gradient: ["#000000", "#ffffff"] },
  ],
  notes: ["0.3 % above"],
  width_px: 200,
  height_px: 100,
  theme: { background: "#ffffff", text: "#111111", axis: "#666666" },
};

function svg(): string {
  return pictureToSvg(picture, (image) => `data:${image.width}x${image.height},${image.pixels[0]}`);
}

describe("pictureToSvg", () => {
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
    const lines = [...svg().matchAll(/<polyline points="([^"]*)" fill="none" stroke="#00ff00"/g)];
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

describe("drawPicture", () => {
  it("stays inside the picture and puts heatmaps side by side", () => {
    const size = pictureSize(picture);
    const images: [number, number, number, number][] = [];
    const inside = (x: number, y: number): void => {
      expect(x >= 0 && x <= size.width_px && y >= 0 && y <= size.height_px).toBe(true);
    };
    const surface: Surface = {
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
    drawPicture(picture, surface);
    expect(images.length).toBe(2);
    expect(images[1]![0]).toBeGreaterThan(images[0]![0] + picture.width_px);
    expect(images.map(([, , width, height]) => [width, height])).toEqual([
      [200, 100],
      [200, 100],
    ]);
  });
});
