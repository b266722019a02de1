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

/** Gives `holder` a note; the holder can be focused from then on. */
export function define(holder: HTMLElement, text: string): void {
  count += 1;
  const id = `definition-${count}`;
  holder.classList.add("defined");
  holder.tabIndex = 0;
  holder.setAttribute("aria-describedby", id);
  holder.append(element("span", { id, class: "note", role: "tooltip" }, text));
}
