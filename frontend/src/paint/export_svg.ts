/** A picture as SVG: heatmaps embedded as PNG data, everything else as vectors and text. */

import { type Drawing, rasterToCanvas } from "./export_png";
import { FONT } from "./font";
import type { Anchor, Points, Raster, Renderer } from "./picture";

/** rasterToUrl: how a raster becomes a data: URL; the browser's canvas unless given. */
export function drawingToSvg(
  { title: words, width_px, height_px, draw }: Drawing,
  rasterToUrl: (raster: Raster) => string = (raster) => rasterToCanvas(raster).toDataURL("image/png"),
): string {
  const renderer = new SvgRenderer(rasterToUrl);
  draw(renderer);
  const size = `width="${round(width_px)}" height="${round(height_px)}" viewBox="0 0 ${round(width_px)} ${round(height_px)}"`;
  const title = `<title>${escapeXml(words)}</title>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="${FONT}">${title}${renderer.elements.join("")}</svg>\n`;
}

class SvgRenderer implements Renderer {
  readonly elements: string[] = [];

  constructor(private readonly rasterToUrl: (raster: Raster) => string) {}

  rectangle(x: number, y: number, width: number, height: number, fill: string): void {
    this.elements.push(`<rect ${rectAttributes(x, y, width, height)} fill="${escapeXml(fill)}"/>`);
  }

  line(points: Points, colour: string, width: number, dash: readonly number[] = []): void {
    const dashes = dash.length > 0 ? ` stroke-dasharray="${dash.join(" ")}"` : "";
    const path = points.map(([x, y]) => `${round(x)},${round(y)}`).join(" ");
    this.elements.push(
      `<polyline points="${path}" fill="none" stroke="${escapeXml(colour)}" stroke-width="${width}"${dashes}/>`,
    );
  }

  text(
    words: string,
    x: number,
    y: number,
    anchor: Anchor,
    colour: string,
    size: number,
    turned = false,
  ): void {
    const turn = turned ? ` rotate(-90)` : "";
    this.elements.push(
      `<text transform="translate(${round(x)} ${round(y)})${turn}" text-anchor="${anchor}" ` +
        `fill="${escapeXml(colour)}" font-size="${size}">${escapeXml(words)}</text>`,
    );
  }

  image(raster: Raster, x: number, y: number, width: number, height: number): void {
    this.elements.push(
      `<image ${rectAttributes(x, y, width, height)} preserveAspectRatio="none" style="image-rendering:pixelated" ` +
        `href="${this.rasterToUrl(raster)}"/>`,
    );
  }
}

function rectAttributes(x: number, y: number, width: number, height: number): string {
  return `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`;
}

function round(px: number): number {
  return Math.round(px * 100) / 100;
}

/** Names of runs and layers may hold anything, also what XML does not allow at all. */
function escapeXml(text: string): string {
  const legal = [...text].filter((char) => char >= " " || char === "\t").join("");
  return legal.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
