// Light, dark and wallboard, as the view has them, on the document.

import type { View } from "./address.ts";
import { keepAwake } from "./wake.ts";

/** Applies the looks of a view; returns whether colours or sizes changed. */
export function apply(view: View, before: View | undefined): boolean {
  const { documentElement: root } = document;
  root.dataset["theme"] = view.theme;
  root.classList.toggle("wall", view.wall);
  if (before !== undefined && view.wall !== before.wall) {
    void fullScreen(view.wall);
  }
  if (view.wall !== before?.wall) {
    void keepAwake(view.wall);
  }
  return before === undefined || view.theme !== before.theme || view.wall !== before.wall;
}

/** Light on paper, whatever the screen has; `redraw` is called when the colours are others. */
export function printLight(redraw: () => void): void {
  const { dataset } = document.documentElement;
  let before = dataset["theme"];
  addEventListener("beforeprint", () => {
    before = dataset["theme"];
    dataset["theme"] = "light";
    redraw();
  });
  addEventListener("afterprint", () => {
    dataset["theme"] = before;
    redraw();
  });
}

/** The whole screen, where the browser lets us: only after a key or a click it does. */
async function fullScreen(wanted: boolean): Promise<void> {
  try {
    if (wanted && document.fullscreenElement === null) {
      await document.documentElement.requestFullscreen();
    } else if (!wanted && document.fullscreenElement !== null) {
      await document.exitFullscreen();
    }
  } catch {
    // A wallboard in a window is one too.
  }
}
