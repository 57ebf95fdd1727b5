/** Pictures as PNG, two device pixels per CSS px. */

import { FONT } from "./font";
import type { Anchor, Points, Raster, Renderer } from "./picture";

export const PNG_SCALE = 2;

/** What is drawn, and its size in CSS px. */
export interface Drawing {
  readonly title: string;
  readonly width_px: number;
  readonly height_px: number;
  draw(renderer: Renderer): void;
}

/** Rejects when the browser cannot make an image of this size. */
export async function drawingToPng({ width_px, height_px, draw }: Drawing): Promise<Blob> {
  const canvas = makeCanvas(Math.ceil(width_px * PNG_SCALE), Math.ceil(height_px * PNG_SCALE));
  const context = contextOf(canvas);
  context.scale(PNG_SCALE, PNG_SCALE);
  draw(new CanvasRenderer(context));
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob !== null) resolve(blob);
      else reject(new Error(`The browser cannot make a PNG of ${canvas.width} x ${canvas.height} pixels.`));
    }, "image/png");
  });
}

/** A raster on a canvas of its own size. */
export function rasterToCanvas(raster: Raster): HTMLCanvasElement {
  const canvas = makeCanvas(raster.width, raster.height);
  const image = new ImageData(raster.width, raster.height);
  new Uint32Array(image.data.buffer).set(raster.pixels);
  contextOf(canvas).putImageData(image, 0, 0);
  return canvas;
}

class CanvasRenderer implements Renderer {
  constructor(private readonly context: CanvasRenderingContext2D) {}

  rectangle(x: number, y: number, width: number, height: number, fill: string): void {
    this.context.fillStyle = fill;
    this.context.fillRect(x, y, width, height);
  }

  line(points: Points, colour: string, width: number, dash: readonly number[] = []): void {
    this.context.setLineDash([...dash]);
    this.context.strokeStyle = colour;
    this.context.lineWidth = width;
    this.context.beginPath();
    for (const [x, y] of points) this.context.lineTo(x, y);
    this.context.stroke();
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
    const { context } = this;
    context.save();
    context.fillStyle = colour;
    context.font = `${size}px ${FONT}`;
    context.textAlign = anchor === "middle" ? "center" : anchor;
    context.translate(x, y);
    if (turned) context.rotate(-Math.PI / 2);
    context.fillText(words, 0, 0);
    context.restore();
  }

  image(raster: Raster, x: number, y: number, width: number, height: number): void {
    this.context.imageSmoothingEnabled = false;
    this.context.drawImage(rasterToCanvas(raster), x, y, width, height);
  }
}

function makeCanvas(width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("The browser gives no 2D canvas.");
  return context;
}
