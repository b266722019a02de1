// What the reader can choose: window, dimension, the chosen group, wallboard, light or dark.

import { apart } from "../data/thresholds.ts";
import { element, setAttribute, setText } from "../dom.ts";
import { DIMENSIONS, THEMES, WINDOWS, dimensionOf, type Theme, type View } from "../view/address.ts";
import type { Choice } from "../view/choice.ts";
import type { Help } from "./help.ts";
import type { Herald } from "./herald.ts";

interface Option {
  readonly button: HTMLButtonElement;
  readonly isOn: (view: View) => boolean;
}

export class Controls {
  readonly #options: Option[] = [];
  readonly #chosen: HTMLButtonElement;
  readonly #theme: HTMLButtonElement;

  constructor(place: HTMLElement, choice: Choice, herald: Herald, help: Help) {
    const windows = WINDOWS.map(({ key, label }) =>
      this.#option(label, (view) => view.window === key, () => choice.set({ window: key })),
    );
    const dimensions = DIMENSIONS.map(({ key, label }) =>
      this.#option(label, (view) => view.by === key, () => choice.set({ by: key, group: undefined })),
    );
    this.#chosen = element("button", { type: "button", class: "chosen", hidden: true });
    this.#chosen.addEventListener("click", () => choice.set({ group: undefined }));
    const wall = this.#option("Wallboard", (view) => view.wall, () => choice.set({ wall: !choice.view.wall }));
    const sound = this.#option("Sound", () => herald.isLoud, () => {
      herald.isLoud = !herald.isLoud;
      setAttribute(sound, "aria-pressed", String(herald.isLoud));
    });
    setAttribute(sound, "title", "Two tones when an alert begins to fire; remembered in this browser");
    setAttribute(wall, "title", "For a screen on the wall; Help says how its URL makes it change between views");
    this.#theme = element("button", { type: "button" });
    this.#theme.addEventListener("click", () => choice.set({ theme: nextTheme(choice.view.theme) }));
    const helping = element("button", { type: "button", "aria-haspopup": "dialog", title: "Keys, and what the URL may say" }, "Help");
    helping.addEventListener("click", () => help.toggle());
    const out = element("button", { type: "button", hidden: true }, "Sign out");
    out.addEventListener("click", () => void signOut());
    void isSignedIn().then((is) => {
      out.hidden = !is;
    });
    place.append(
      this.#chosen,
      element("div", { class: "choice", role: "group", "aria-label": "Window" }, ...windows),
      element("div", { class: "choice by", role: "group", "aria-label": "Grouped by" }, ...dimensions),
      element("div", { class: "choice looks", role: "group", "aria-label": "Looks" }, wall, this.#theme, sound, helping, out),
    );
  }

  /** `name` is what people read for the chosen group. */
  draw(view: View, name: string | undefined): void {
    for (const { button, isOn } of this.#options) {
      setAttribute(button, "aria-pressed", String(isOn(view)));
    }
    this.#chosen.hidden = view.group === undefined;
    if (view.group !== undefined) {
      setText(this.#chosen, `${dimensionOf(view).one}: ${apart(name ?? view.group)} ✕`);
      setAttribute(this.#chosen, "title", `Show all again (chosen: ${view.group})`);
    }
    setText(this.#theme, { auto: "Auto", light: "Light", dark: "Dark" }[view.theme]);
    setAttribute(this.#theme, "aria-label", `Light or dark: ${view.theme}`);
  }

  #option(label: string, isOn: Option["isOn"], choose: () => void): HTMLButtonElement {
    const button = element("button", { type: "button" }, label);
    button.addEventListener("click", choose);
    this.#options.push({ button, isOn });
    return button;
  }
}

export function nextTheme(theme: Theme): Theme {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "auto";
}

/** Whether there is a session to end: a server without a token knows none. */
async function isSignedIn(): Promise<boolean> {
  try {
    return (await (await fetch("session", { cache: "no-store" })).text()) === "signed in\n";
  } catch {
    return false;
  }
}

async function signOut(): Promise<void> {
  await fetch("session", { method: "DELETE" });
  location.reload();
}
