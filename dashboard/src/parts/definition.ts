// The definition of a number: a note that shows when the number is pointed at or focused, and that a
// screen reader reads with it. The words are the schema's.

import definitions from "../definitions.json" with { type: "json" };
import { element } from "../dom.ts";

export type Defined = keyof typeof definitions;

let count = 0;

/** What the schema says of a field. */
export function definition(name: Defined): string {
  return definitions[name].replace("Fate: ", "");
}

/** Gives `holder` a note; the holder, or the one thing in it that can be focused, shows it. */
export function define(holder: HTMLElement, text: string, focus: HTMLElement = holder): void {
  count += 1;
  const id = `definition-${count}`;
  holder.classList.add("defined");
  if (focus === holder) {
    holder.tabIndex = 0;
  }
  focus.setAttribute("aria-describedby", id);
  const note = element("span", { id, class: "note", role: "tooltip" }, text);
  holder.append(note);
  for (const event of ["pointerenter", "focusin"]) {
    holder.addEventListener(event, () => place(note, holder));
  }
}

/** Puts a note below its holder, or above where there is no room, wholly inside the window. */
function place(note: HTMLElement, holder: HTMLElement): void {
  requestAnimationFrame(() => {
    const at = holder.getBoundingClientRect();
    const { width, height } = note.getBoundingClientRect();
    const x = Math.max(8, Math.min(at.left, innerWidth - width - 8));
    const below = at.bottom + 6;
    const y = below + height > innerHeight ? Math.max(8, at.top - height - 6) : below;
    note.style.setProperty("left", `${x}px`);
    note.style.setProperty("top", `${y}px`);
  });
}
