/** A part of the page as a PNG: its canvases, curves, bars and words, where they stand. */

/** Device pixels in a CSS pixel: sharp enough to be read, small enough to be pasted. */
const SCALE = 1.5;
/** Room at the left of the title, as the parts have it, and its height. */
const MARGIN_PX = 16;
const TITLE_PX = 36;

/** Side by side under a title, as a data URI. */
export function elementsToPng(elements: readonly HTMLElement[], title: string): string {
  const widths_px = elements.map((element) => element.scrollWidth);
  const height_px = Math.max(...elements.map((element) => element.scrollHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(widths_px.reduce((sum, each_px) => sum + each_px, 0) * SCALE);
  canvas.height = Math.ceil((height_px + TITLE_PX) * SCALE);
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("The browser gives no 2D canvas.");
  const style = getComputedStyle(document.body);
  context.scale(SCALE, SCALE);
  context.imageSmoothingEnabled = false;
  context.fillStyle = style.backgroundColor;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = style.color;
  context.font = `500 14px ${style.fontFamily}`;
  context.fillText(title, MARGIN_PX, TITLE_PX / 2);
  let left_px = 0;
  elements.forEach((element, at) => {
    const { left, top } = element.getBoundingClientRect();
    context.save();
    context.translate(left_px - left + element.scrollLeft, TITLE_PX - top + element.scrollTop);
    for (const part of element.querySelectorAll("*")) drawPart(context, part);
    context.restore();
    left_px += widths_px[at] ?? 0;
  });
  return canvas.toDataURL();
}

function drawPart(context: CanvasRenderingContext2D, part: Element): void {
  const { left, top, width, height } = part.getBoundingClientRect();
  const style = getComputedStyle(part);
  if (part instanceof HTMLCanvasElement) {
    if (part.width > 0 && width > 0) context.drawImage(part, left, top, width, height);
  } else if (part instanceof SVGPathElement) drawPath(context, part, style);
  else if (part instanceof HTMLElement) {
    context.fillStyle = style.backgroundColor;
    context.fillRect(left, top, width, height);
    drawWords(context, part, style);
  }
}

function drawPath(context: CanvasRenderingContext2D, path: SVGPathElement, style: CSSStyleDeclaration): void {
  const frame = path.ownerSVGElement?.getBoundingClientRect() ?? new DOMRect();
  const shape = new Path2D(path.getAttribute("d") ?? "");
  context.save();
  context.beginPath();
  context.rect(frame.left, frame.top, frame.width, frame.height);
  context.clip();
  context.translate(frame.left, frame.top);
  context.globalAlpha = Number(style.fillOpacity);
  context.fillStyle = style.fill;
  if (style.fill !== "none") context.fill(shape);
  context.globalAlpha = 1;
  context.strokeStyle = style.stroke;
  context.stroke(shape);
  context.restore();
}

/** Those of the element itself, cut where the page cuts them. */
function drawWords(context: CanvasRenderingContext2D, part: HTMLElement, style: CSSStyleDeclaration): void {
  const { left, top, width, height } = part.getBoundingClientRect();
  context.save();
  if (style.overflow === "hidden") {
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
  }
  context.fillStyle = style.color;
  context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  context.textBaseline = "middle";
  for (const node of part.childNodes) {
    if (!(node instanceof Text) || node.data.trim() === "") continue;
    const range = document.createRange();
    range.selectNode(node);
    // A line each; the page has words on several lines only where they are long.
    const words = range.getBoundingClientRect();
    context.fillText(node.data, words.left, words.top + words.height / 2);
  }
  context.restore();
}
