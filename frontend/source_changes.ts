/** Changes of code that was built, by the places of its parts. */

/** What the parser tells of a part of the code. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** A piece of code and what takes its place. */
export interface Change {
  readonly start: number;
  readonly end: number;
  readonly code: string;
}

/** Shows every part of the code, each before those in it. */
export function visit(
  node: Node,
  see: (node: Node, parent: Node | null) => void,
  parent: Node | null = null,
): void {
  see(node, parent);
  for (const part of Object.values(node))
    for (const child of Array.isArray(part) ? part : [part])
      if (child !== null && typeof child === "object" && typeof child.type === "string")
        visit(child, see, node);
}

/** The code with all changes made. */
export function applied(code: string, changes: readonly Change[]): string {
  let done = "";
  let at = 0;
  for (const { start, end, code: instead } of [...changes].sort((a, b) => a.start - b.start)) {
    // `return"words"` needs a space where a name follows.
    const before = code.slice(at, start);
    done += before + (/[\w$]$/.test(before) && /^[\w$]/.test(instead) ? " " : "") + instead;
    at = end;
  }
  return done + code.slice(at);
}
