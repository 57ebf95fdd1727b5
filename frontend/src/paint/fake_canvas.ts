/** A canvas of packed colours for tests, with what painting uses of the real one's context. */

import { hexToColour } from "./colormap";

interface Image {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

export class FakeCanvas {
  private size = { width: 0, height: 0 };
  pixels = new Uint32Array();
  /** Line widths and dashes of the strokes, in their order. */
  readonly strokes: { readonly width: number; readonly dash: readonly number[]; readonly path: FakePath }[] =
    [];
  readonly context = new FakeContext(this);

  constructor(width = 0, height = 0) {
    this.resize({ width, height });
  }

  get width(): number {
    return this.size.width;
  }
  set width(width: number) {
    this.resize({ ...this.size, width });
  }
  get height(): number {
    return this.size.height;
  }
  set height(height: number) {
    this.resize({ ...this.size, height });
  }

  private resize(size: { readonly width: number; readonly height: number }): void {
    this.size = size;
    this.pixels = new Uint32Array(size.width * size.height);
  }

  getContext(): CanvasRenderingContext2D {
    return this.context as unknown as CanvasRenderingContext2D;
  }

  toDataURL(): string {
    return "data:image/png;base64,";
  }

  /** Colours from the top down along a column of pixels. */
  column(x: number): number[] {
    return Array.from({ length: this.height }, (_, y) => this.pixels[y * this.width + x]!);
  }

  row(y: number): number[] {
    return Array.from(this.pixels.subarray(y * this.width, (y + 1) * this.width));
  }
}

export class FakePath {
  readonly points: (readonly [number, number])[] = [];
  moveTo(x: number, y: number): void {
    this.points.push([x, y]);
  }
  lineTo(x: number, y: number): void {
    this.points.push([x, y]);
  }
}

class FakeContext {
  fillStyle = "";
  strokeStyle = "";
  lineWidth = 1;
  imageSmoothingEnabled = true;
  private dash: readonly number[] = [];

  constructor(readonly canvas: FakeCanvas) {}

  createImageData(width: number, height: number): Image {
    return { width, height, data: new Uint8ClampedArray(4 * width * height) };
  }

  putImageData({ width, height, data }: Image, left: number, top: number): void {
    const colours = new Uint32Array(data.buffer);
    this.each(left, top, width, height, (x, y) => colours[(y - top) * width + x - left]!);
  }

  clearRect(left: number, top: number, width: number, height: number): void {
    this.each(left, top, width, height, () => 0);
  }

  fillRect(left: number, top: number, width: number, height: number): void {
    this.each(left, top, width, height, () => hexToColour(this.fillStyle));
  }

  /** As without smoothing: the pixel whose middle lies nearest. */
  drawImage(
    from: FakeCanvas,
    ...places: [number, number, number, number, number, number, number, number]
  ): void {
    const [sx, sy, sw, sh, left, top, width, height] = places;
    const { pixels, width: across } = from;
    this.each(left, top, width, height, (x, y) => {
      const column = Math.floor(sx + ((x + 0.5 - left) / width) * sw);
      const row = Math.floor(sy + ((y + 0.5 - top) / height) * sh);
      return pixels[row * across + column]!;
    });
  }

  setLineDash(dash: readonly number[]): void {
    this.dash = dash;
  }

  stroke(path: FakePath): void {
    this.canvas.strokes.push({ width: this.lineWidth, dash: this.dash, path });
  }

  save(): void {}
  restore(): void {}
  translate(): void {}
  beginPath(): void {}
  rect(): void {}
  clip(): void {}

  private each(
    left: number,
    top: number,
    width: number,
    height: number,
    colour: (x: number, y: number) => number,
  ) {
    const { pixels, width: across } = this.canvas;
    for (let y = Math.round(top); y < Math.round(top + height); y++)
      for (let x = Math.round(left); x < Math.round(left + width); x++) pixels[y * across + x] = colour(x, y);
  }
}

/** Puts the fake in place of the browser's canvases and paths. */
export function stubCanvas(): void {
  Object.assign(globalThis, { document: { createElement: () => new FakeCanvas() }, Path2D: FakePath });
}
