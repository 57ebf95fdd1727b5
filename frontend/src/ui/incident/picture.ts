/** A part of the page as a PNG: its canvases, curves, bars and words, where they stand. */

/** Device pixels in a CSS pixel: sharp enough to be read, small enough to be pasted. */
const SCALE = 1.5;
const MARGIN_PX = 12;

/** As a data URI. */
export function elementsToPng(elements: readonly HTMLElement[], title: string): string {
  const width_px = Math.max(...elements.map((element) => element.scrollWidth)) + 2 * MARGIN_PX;
  const heights_px = elements.map((element) => element.scrollHeight + MARGIN_PX);
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(width_px * SCALE);
  canvas.height = Math.ceil((heights_px.reduce((sum, each) => sum + each, 0) + 3 * MARGIN_PX) * SCALE);
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("The browser gives no 2D canvas.");
  const style = getComputedStyle(document.body);
  context.scale(SCALE, SCALE);
  context.fillStyle = style.backgroundColor;
  context.fillRect(0, 0, width_px, canvas.height);
  context.fillStyle = style.color;
  context.font = `500 14px ${style.fontFamily}`;
  context.fillText(title, MARGIN_PX, 2 * MARGIN_PX);
  let top_px = 3 * MARGIN_PX;
  elements.forEach((element, at) => {
    const { left, top } = element.getBoundingClientRect();
    context.save();
    context.translate(MARGIN_PX - left + element.scrollLeft, top_px - top + element.scrollTop);
    for (const part of [element, ...element.querySelectorAll("*")]) drawPart(context, part);
    context.restore();
    top_px += heights_px[at] ?? 0;
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
  const frame = path.ownerSVGElement?.getBoundingClientRect();
  const shape = new Path2D(path.getAttribute("d") ?? "");
  context.save();
  context.translate(frame?.left ?? 0, frame?.top ?? 0);
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
    const words = range.getBoundingClientRect();
    context.fillText(node.data.trim(), words.left, words.top + words.height / 2);
  }
  context.restore();
}
