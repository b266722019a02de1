// The latest changes of alerts: what began to fire, and what ended and how. Newest first, in the
// reader's time zone. It opens below the alerts, and the URL says that it is open.

import type { AlertChange, History } from "../data/answers.ts";
import { PHASES, changeInWords } from "../data/thresholds.ts";
import { element, holdsSelection, setAttribute, setText } from "../dom.ts";
import { moment, number } from "../format.ts";
import type { View } from "../view/address.ts";
import type { Choice } from "../view/choice.ts";
import { csvButton } from "./csv.ts";

const WORDS: Readonly<Record<AlertChange["change"], { readonly phase: "FIRING" | "OK"; readonly word: string }>> = {
  BEGAN: { phase: "FIRING", word: "began" },
  ENDED: { phase: "OK", word: "ended" },
};

export class HistoryList {
  readonly root: HTMLElement;
  /** Opens and closes the list. */
  readonly button = element("button", { type: "button", class: "more history-button", "aria-controls": "history" }, "History");
  readonly #rows = element("tbody");
  readonly #scroll: HTMLElement;
  readonly #note = element("p", { class: "count" });
  #held: readonly AlertChange[] = [];

  constructor(choice: Choice) {
    this.button.addEventListener("click", () => choice.set({ history: !choice.view.history }));
    const close = element("button", { type: "button", class: "save" }, "Close");
    close.addEventListener("click", () => choice.set({ history: false }));
    const save = csvButton("this history", () => "streamgauge-alerts", () => [
      ["at", "change", "alert", "group", "groupDisplayName", "rule", "value", "since", "lastedMs", "ending"],
      ...this.#held.map(({ atMs, change, name, group, groupDisplayName, rule, value, since, lastedMs, ending }) => [
        new Date(atMs).toISOString(), change, name, group, groupDisplayName, rule, value, since, lastedMs, ending,
      ]),
    ]);
    const heads = ["When", "What", "Alert"].map((head) => element("th", { scope: "col" }, head));
    const table = element(
      "table",
      { "aria-labelledby": "history-title" },
      element("thead", {}, element("tr", {}, ...heads)),
      this.#rows,
    );
    this.#scroll = element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Changes of alerts" }, table);
    this.root = element(
      "div",
      { id: "history", class: "panel history", hidden: true },
      element("header", {}, element("h2", { id: "history-title" }, "Latest changes of alerts"), element("span", { class: "tools" }, save, close)),
      this.#scroll,
      this.#note,
    );
  }

  /** `rules` is how many alerts the settings have. */
  draw(history: History | undefined, rules: number, view: View): void {
    setAttribute(this.button, "aria-expanded", String(view.history));
    this.root.hidden = !view.history || view.wall;
    if (this.root.hidden || holdsSelection(this.#rows)) {
      return;
    }
    const items = history?.alertHistory.items ?? [];
    this.#held = items;
    this.#scroll.hidden = items.length === 0;
    while (this.#rows.rows.length > items.length) {
      this.#rows.deleteRow(-1);
    }
    items.forEach((change, index) => this.#drawRow(index, change, history?.realTimeMetrics.asOfMs ?? 0));
    setText(this.#note, noteOf(history, rules));
  }

  #drawRow(index: number, change: AlertChange, asOfMs: number): void {
    const row = this.#rows.rows[index] ?? this.#row();
    const { phase, word } = WORDS[change.change];
    setAttribute(row, "data-phase", phase);
    const [when, what, words] = row.cells;
    if (when !== undefined && what !== undefined && words !== undefined) {
      setText(when, moment(change.atMs, asOfMs));
      setAttribute(when, "title", new Date(change.atMs).toISOString());
      setText(what, `${PHASES[phase].shape} ${word}`);
      setText(words, changeInWords(change));
      setAttribute(words, "title", `Rule ${change.name}: ${change.rule}`);
    }
  }

  #row(): HTMLTableRowElement {
    const row = this.#rows.insertRow();
    row.append(element("td"), element("td", { class: "what" }), element("td"));
    return row;
  }
}

/** What there is to know of the list: that it is empty and since when, or what is no longer in it. */
function noteOf(history: History | undefined, rules: number): string {
  if (history === undefined) {
    return "Loading.";
  }
  const { realTimeMetrics: { asOfMs, countersSinceMs }, alertHistory: { gone, items } } = history;
  if (items.length === 0) {
    const since = moment(countersSinceMs, asOfMs);
    return rules === 0
      ? "The settings have no alert rules, so there are no changes to list."
      : `No alert has begun to fire since ${since}, when the engine started.`;
  }
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const older = gone === 0 ? "" : ` ${number(gone)} older ${gone === 1 ? "change is" : "changes are"} no longer kept.`;
  return `${number(items.length)} ${items.length === 1 ? "change" : "changes"}, newest first, times in ${zone}.${older}`;
}
