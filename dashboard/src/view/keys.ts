// The keyboard: single keys for what a hand reaches for, never while something is typed.

import { nextTheme } from "../parts/controls.ts";
import { WINDOWS } from "./address.ts";
import type { Choice } from "./choice.ts";

export function listen(choice: Choice, search: () => void, help: () => void): void {
  addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof HTMLInputElement;
    if (document.querySelector("dialog[open]") !== null) {
      // What is open takes its own keys: Escape, and the one that opened it.
      if (event.key === "?") {
        help();
      }
      return;
    }
    if (event.key === "Escape") {
      leave(choice, isTyping ? event.target : undefined);
      return;
    }
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const window = WINDOWS[Number(event.key) - 1];
    if (window !== undefined) {
      choice.set({ window: window.key });
    } else if (event.key === "w") {
      choice.set({ wall: !choice.view.wall });
    } else if (event.key === "t") {
      choice.set({ theme: nextTheme(choice.view.theme) });
    } else if (event.key === "h") {
      choice.set({ history: !choice.view.history });
    } else if (event.key === "?") {
      help();
    } else if (event.key === "/") {
      event.preventDefault();
      search();
    }
  });
}

/** One step back: out of the search, out of the wallboard, out of the group. */
function leave(choice: Choice, input: EventTarget | undefined): void {
  const { search, wall, group } = choice.view;
  if (input instanceof HTMLInputElement) {
    input.blur();
    if (search !== "") {
      choice.set({ search: "" });
    }
  } else if (wall) {
    choice.set({ wall: false });
  } else if (group !== undefined) {
    choice.set({ group: undefined });
  }
}
