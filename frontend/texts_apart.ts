import type { Plugin } from "vite";
import { applied, type Change, type Node, visit } from "./source_changes";

/** Shorter texts cost as much as their place in the list does. */
const LEAST_LETTERS = 18;
/** Several words, and no style sheet. */
const SENTENCE = /^[^{}<>\\`]*[A-Za-z,;:.] [^{}\\`]*$/;

/**
 * Words that the page shows are data, and no code: those of the parts that are loaded later go from their script into a
 * list of their own, `<chunk>.json`, which `export`ed says who has them while the page runs.
 */
export function textsApart(chunkName: string, exported: string): Plugin {
  return {
    name: "texts-apart",
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        const chunk = Object.values(bundle).find(
          (output) => output.type === "chunk" && output.name === chunkName,
        );
        if (chunk?.type !== "chunk") throw new Error(`There is no chunk ${chunkName}.`);
        const tree = this.parse(chunk.code) as unknown as Node;
        const list = localName(chunk.code, exported);
        const texts: string[] = [];
        const changes: Change[] = [];
        visit(tree, (node, parent) => {
          const change = takeApart(node, parent, (text) => {
            if (!texts.includes(text)) texts.push(text);
            return `${list}[${texts.indexOf(text)}]`;
          });
          if (change !== null) changes.push(change);
        });
        chunk.code = applied(chunk.code, changes);
        this.emitFile({ type: "asset", fileName: `${chunkName}.json`, source: JSON.stringify(texts) });
      },
    },
  };
}

/** What the chunk calls the list; its exports are functions by their names. */
function localName(code: string, exported: string): string {
  const [, found] = new RegExp(`\\b${exported}(?:\\(\\)\\{return |:\\(\\)=>)([\\w$]+)`).exec(code) ?? [];
  if (found === undefined) throw new Error(`The chunk exports no ${exported}.`);
  return found;
}

function takeApart(node: Node, parent: Node | null, place: (text: string) => string): Change | null {
  const { start, end, value } = node;
  if (node.type === "Literal" && typeof value === "string" && isSentence(value) && !isName(node, parent))
    return { start, end, code: place(value) };
  if (node.type !== "TemplateElement") return null;
  const { raw, cooked } = value as { raw: string; cooked: string };
  if (raw !== cooked || !isSentence(raw) || parent?.type !== "TemplateLiteral") return null;
  return { start, end, code: `\${${place(raw)}}` };
}

function isSentence(text: string): boolean {
  return text.length >= LEAST_LETTERS && SENTENCE.test(text);
}

/** Of a module or a property, which cannot be worked out. */
function isName(node: Node, parent: Node | null): boolean {
  return parent === null || /^(Import|Export)/.test(parent.type) || (parent.key === node && !parent.computed);
}
