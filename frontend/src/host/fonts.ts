/** TensorBoard's own font faces, so that the page's text looks like the rest; a frame inherits none. */

const FAMILY = "Roboto";
/** Upright; bold is for emphasis alone, so that it is loaded when it is first needed. */
const BOLD = "700";
const WEIGHTS = ["400", "500", BOLD];
/** The face of a weight that has the Latin letters. */
const LATIN = /^U\+0+-/i;

/** Copies Roboto's faces from the host's style sheets; without a host the system's fonts stay. */
export function adoptHostFonts(): void {
  try {
    const host = window.parent.document;
    if (host === document) return;
    for (const sheet of host.styleSheets) {
      const rules = readRules(sheet).filter(isWanted);
      for (const rule of rules) adopt(rule, host.baseURI);
      // All are in one sheet, and the others have a thousand rules.
      if (rules.length > 0) return;
    }
  } catch {
    // An embedder of another origin: its fonts are out of reach, and the page reads well without them.
  }
}

function adopt({ style }: CSSFontFaceRule, base: string): void {
  const property = (name: string) => style.getPropertyValue(name);
  // Without the names of local fonts, as looking for them takes milliseconds.
  const address = /url\("([^"]+)"\)/.exec(property("src"))?.[1];
  if (address === undefined) return;
  // TensorBoard names its fonts from the root of the server, which is wrong under --path_prefix.
  const { href } = new URL(address.replace(/^\/(?=font-roboto\/)/, ""), base);
  const [weight, unicodeRange] = [property("font-weight"), property("unicode-range")];
  const face = new FontFace(FAMILY, `url("${href}")`, { weight, unicodeRange });
  document.fonts.add(face);
  // Else it would be asked for when its first text is laid out, and the page laid out again when it comes.
  if (weight !== BOLD && LATIN.test(unicodeRange)) void face.load().catch(() => undefined);
}

function readRules(sheet: CSSStyleSheet): CSSFontFaceRule[] {
  try {
    return [...sheet.cssRules].filter(
      (rule) => rule.constructor.name === "CSSFontFaceRule",
    ) as CSSFontFaceRule[];
  } catch {
    return [];
  }
}

function isWanted({ style }: CSSFontFaceRule): boolean {
  const property = (name: string) => style.getPropertyValue(name);
  return (
    property("font-family").replaceAll('"', "") === FAMILY &&
    WEIGHTS.includes(property("font-weight")) &&
    property("font-style") === "normal"
  );
}
