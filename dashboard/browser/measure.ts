// What does not fit: text that is cut, that leaves its box or the window, or that lies on other text.
// By rectangles of the text itself, so neither font nor language matters.

import type { Page } from "playwright-core";

/** Notes every text that a canvas is asked to write beyond its edge; before the page is opened. */
export async function watchCanvases(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const cut: string[] = [];
    Object.assign(window, { cutInCanvas: cut });
    const write = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (text: string, x: number, y: number, ...rest: number[]) {
      const { a, e } = this.getTransform();
      const width = this.measureText(text).width * a;
      const at = x * a + e;
      const left = this.textAlign === "right" || this.textAlign === "end" ? at - width : this.textAlign === "center" ? at - width / 2 : at;
      if (this.canvas.isConnected && (left < -1 || left + width > this.canvas.width + 1)) {
        cut.push(`chart text “${text}” from ${left.toFixed(0)} to ${(left + width).toFixed(0)} of ${this.canvas.width}`);
      }
      return write.call(this, text, x, y, ...rest);
    };
  });
}

/** What of the page does not fit, in words; nothing when all does. */
export async function misfits(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found = ((window as unknown as { cutInCanvas?: string[] }).cutInCanvas ?? []).splice(0);
    const BOXES = ".figure, .panel, .chip, .alerts li, button, th, td, .choice, .bar, .old, .fact, .room";
    const isSeen = (element: Element): boolean =>
      element.checkVisibility({ visibilityProperty: true }) && element.closest(".unseen, noscript") === null;
    const leaves: { readonly text: string; readonly holder: Element; readonly rects: readonly DOMRect[] }[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const holder = node.parentElement;
      const text = (node.textContent ?? "").trim();
      if (holder === null || text === "" || !isSeen(holder)) {
        continue;
      }
      const range = document.createRange();
      range.selectNodeContents(node);
      leaves.push({ text: text.slice(0, 40), holder, rects: [...range.getClientRects()] });
    }
    // Styles and edges are asked for once an element.
    const edges = new Map<Element, { readonly overflow: string; readonly edge: DOMRect }>();
    const edgeOf = (element: Element): { readonly overflow: string; readonly edge: DOMRect } => {
      const known = edges.get(element) ?? { overflow: getComputedStyle(element).overflowX, edge: element.getBoundingClientRect() };
      edges.set(element, known);
      return known;
    };
    for (const { text, holder, rects } of leaves) {
      const right = Math.max(...rects.map((rect) => rect.right));
      const left = Math.min(...rects.map((rect) => rect.left));
      if (right > innerWidth + 1 || left < -1) {
        found.push(`“${text}” leaves the window: ${left.toFixed(0)} to ${right.toFixed(0)} of ${innerWidth}`);
      }
      const box = holder.closest(BOXES)?.getBoundingClientRect();
      if (box !== undefined && (right > box.right + 1 || left < box.left - 1)) {
        found.push(`“${text}” leaves its box: ${left.toFixed(0)} to ${right.toFixed(0)} of ${box.left.toFixed(0)} to ${box.right.toFixed(0)}`);
      }
      for (let around: Element | null = holder; around !== null && around !== document.body; around = around.parentElement) {
        const { overflow, edge } = edgeOf(around);
        if (overflow !== "visible" && (right > edge.right + 1 || left < edge.left - 1)) {
          found.push(`“${text}” is cut by .${around.className}`);
        }
        const isClipped = ["clip", "hidden"].includes(overflow);
        const [top, bottom] = [Math.min(...rects.map((rect) => rect.top)), Math.max(...rects.map((rect) => rect.bottom))];
        if (isClipped && (bottom > edge.bottom + 2 || top < edge.top - 2)) {
          found.push(`“${text}” is cut below by .${around.className}`);
        }
      }
    }
    for (const element of document.querySelectorAll<HTMLElement>("main *, .bar *")) {
      if (element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1 && isSeen(element) && element.closest(".plot, svg") === null) {
        found.push(`${element.tagName}.${element.className} scrolls: ${element.scrollWidth} in ${element.clientWidth}`);
      }
    }
    // Text on text: what sticks while others scroll beneath is none.
    const flat = leaves
      .filter(({ holder }) => holder.closest(".bar, thead, .note") === null)
      .flatMap(({ text, holder, rects }) => rects.map((rect) => ({ text, holder, rect })))
      .toSorted((a, b) => a.rect.top - b.rect.top);
    flat.forEach((one, index) => {
      for (let next = index + 1; next < flat.length; next += 1) {
        const other = flat[next];
        if (other === undefined || other.rect.top >= one.rect.bottom - 3) {
          break;
        }
        // What scrolled out of its box is not seen.
        const isSameScroll = one.holder.closest(".scroll") === other.holder.closest(".scroll");
        const across = Math.min(one.rect.right, other.rect.right) - Math.max(one.rect.left, other.rect.left);
        if (isSameScroll && one.holder !== other.holder && across > 1.5) {
          found.push(`“${one.text}” lies on “${other.text}”`);
        }
      }
    });
    return [...new Set(found)].slice(0, 40);
  });
}
