/** TensorBoard's own font faces, so that the page's text looks like the rest; a frame inherits none. */

const FAMILY = /Roboto/;
const WEIGHTS = [400, 500];

/** Copies Roboto's faces from the host's style sheets; without a host the system's fonts stay. */
export function adoptHostFonts(): void {
  try {
    const host = window.parent.document;
    if (host === document) return;
    const rules = [...host.styleSheets].flatMap(readRules).filter(isRoboto);
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(rules.map((rule) => withAddresses(rule.cssText, host.baseURI)).join("\n"));
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    // Else each would be asked for when its first text is laid out, and the page laid out again when it comes.
    for (const weight of WEIGHTS) void document.fonts.load(`${weight} 1em Roboto`).catch(() => undefined);
  } catch {
    // An embedder of another origin: its fonts are out of reach, and the page reads well without them.
  }
}

/** TensorBoard names its fonts from the root of the server, which is wrong under --path_prefix. */
function withAddresses(css: string, base: string): string {
  return css.replace(/url\("([^"]+)"\)/g, (_, address: string) => {
    return `url("${new URL(address.replace(/^\/(?=font-roboto\/)/, ""), base).href}")`;
  });
}

function readRules(sheet: CSSStyleSheet): CSSRule[] {
  try {
    return [...sheet.cssRules];
  } catch {
    return [];
  }
}

function isRoboto(rule: CSSRule): boolean {
  const style = (rule as CSSFontFaceRule).style;
  return rule.constructor.name === "CSSFontFaceRule" && FAMILY.test(style.getPropertyValue("font-family"));
}
