// Elements made of text and attributes. Nothing here or elsewhere parses markup: a name from the
// stream can only ever become a text node.

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** An element with attributes and children; a string becomes text. `true` is a bare attribute. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) {
      made.setAttribute(name, value === true ? "" : String(value));
    }
  }
  made.append(...children);
  return made;
}

/** Text whose node is written only when it changes, and not while the reader has selected it. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text && !holdsSelection(node)) {
    node.textContent = text;
  }
}

/** How long a selection keeps what it holds as it is: nobody may mistake old text for news. */
const HELD_MS = 60_000;

let selectedAt = -Infinity;
if (typeof document !== "undefined") {
  document.addEventListener("selectionchange", () => {
    selectedAt = performance.now();
  });
}

/** Whether the reader has lately selected text in a node. Selecting the whole page holds nothing. */
export function holdsSelection(node: Node): boolean {
  if (performance.now() - selectedAt > HELD_MS) {
    return false;
  }
  const selection = getSelection();
  if (selection === null || selection.isCollapsed || !selection.containsNode(node, true)) {
    return false;
  }
  const { commonAncestorContainer: around } = selection.getRangeAt(0);
  const holder = around instanceof Element ? around : around.parentElement;
  return holder?.closest("table, .figure, .alerts, .chip, .fact, header") != null;
}

/** An attribute that is written only when it changes; `undefined` takes it away. */
export function setAttribute(node: Element, name: string, value: string | undefined): void {
  if (value === undefined) {
    node.removeAttribute(name);
  } else if (node.getAttribute(name) !== value) {
    node.setAttribute(name, value);
  }
}

/** The element of an id that `index.html` has. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) {
    throw new Error(`index.html: no element #${id}`);
  }
  return found;
}

const SVG = "http://www.w3.org/2000/svg";

/** An SVG element. */
export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>>,
  ...children: Node[]
): SVGElementTagNameMap[Tag] {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}
