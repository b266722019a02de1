// The alert rules of the settings and where they stand, in words; what fires comes first. A reader may
// hide one for an hour: that is remembered here and concerns nobody else.

import type { Alert } from "../data/answers.ts";
import { PHASES, inWords, keyOf, urgent } from "../data/thresholds.ts";
import { element, setAttribute, setText } from "../dom.ts";
import { number } from "../format.ts";
import { trim } from "../view/fit.ts";
import { recall, remember } from "../view/memory.ts";

/** Alerts shown before somebody asks for all of them. */
const SHOWN = 5;
/** How long a hidden alert stays so, in milliseconds. */
const HIDE_MS = 3_600_000;
const KEPT = "hidden-alerts";

export class AlertList {
  readonly #list: HTMLElement;
  readonly #more = element("button", { type: "button", class: "more", hidden: true });
  readonly #unhide = element("button", { type: "button", class: "more unhide", hidden: true });
  readonly #onChange: () => void;
  #isWhole = false;
  /** Until when an alert is hidden, by what tells it from others. */
  #hidden: Record<string, number> = recall<Record<string, number>>(KEPT, {});

  /** `history` opens the list of past changes. */
  constructor(list: HTMLElement, history: HTMLElement, onChange: () => void) {
    this.#list = list;
    this.#onChange = onChange;
    this.#more.addEventListener("click", () => {
      this.#isWhole = !this.#isWhole;
      onChange();
    });
    this.#unhide.addEventListener("click", () => this.#keep({}));
    list.after(element("p", { class: "alerts-foot" }, this.#more, this.#unhide, history));
  }

  /** Alerts that this reader wants to hear of. */
  heard(alerts: readonly Alert[]): Alert[] {
    const now = Date.now();
    return alerts.filter((alert) => !((this.#hidden[keyOf(alert)] ?? 0) > now));
  }

  draw(alerts: readonly Alert[], asOfMs: number, isWall: boolean): void {
    const heard = this.heard(alerts);
    // On a wall nothing is said of what is well.
    const told = urgent(heard).filter(({ phase }) => !isWall || phase !== "OK");
    const shown = isWall ? told.slice(0, 12) : this.#isWhole ? told : told.slice(0, SHOWN);
    this.#list.hidden = shown.length === 0;
    while (this.#list.childElementCount > shown.length) {
      this.#list.lastElementChild?.remove();
    }
    shown.forEach((alert, index) => {
      const item = this.#list.children[index] ?? this.#list.appendChild(this.#item());
      setAttribute(item, "data-phase", alert.phase);
      setAttribute(item, "data-key", keyOf(alert));
      const [text, hide] = item.children;
      if (text !== undefined && hide instanceof HTMLElement) {
        setText(text, `${PHASES[alert.phase].shape} ${inWords(alert, asOfMs)}`);
        setAttribute(text, "title", titleOf(alert));
        hide.hidden = alert.phase === "OK";
      }
    });
    const cut = isWall ? trim(this.#list) : 0;
    const more = told.length - shown.length + cut;
    this.#more.hidden = more === 0 && !(this.#isWhole && told.length > SHOWN && !isWall);
    setText(this.#more, more === 0 ? "fewer" : `+${number(more)} more`);
    const away = alerts.length - heard.length;
    this.#unhide.hidden = away === 0;
    setText(this.#unhide, `${number(away)} hidden here: show`);
  }

  #item(): HTMLElement {
    const hide = element("button", { type: "button", class: "hide", title: "Hide for an hour, in this browser only" }, "hide 1 h");
    const item = element("li", {}, element("span"), hide);
    hide.addEventListener("click", () => {
      this.#keep({ ...this.#hidden, [item.dataset["key"] ?? ""]: Date.now() + HIDE_MS });
    });
    return item;
  }

  #keep(hidden: Record<string, number>): void {
    const now = Date.now();
    this.#hidden = Object.fromEntries(Object.entries(hidden).filter(([, until]) => until > now));
    remember(KEPT, this.#hidden);
    this.#onChange();
  }
}

/** What an alert's words leave out: the rule's name, where it stands, and the id of a group with a name. */
function titleOf({ name, phase, group, groupDisplayName }: Alert): string {
  const id = group === null || group === groupDisplayName ? "" : ` (${group})`;
  return `Rule ${name}: ${PHASES[phase].word}${id}`;
}
