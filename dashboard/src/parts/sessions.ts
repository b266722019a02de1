// The longest-open sessions with their ids: where a number becomes conversations to look into.

import type { Details, Session } from "../data/answers.ts";
import { element, setText } from "../dom.ts";
import { clock, duration, number } from "../format.ts";
import type { View } from "../view/address.ts";
import type { Choice } from "../view/choice.ts";

export class SessionList {
  readonly #choice: Choice;
  readonly #title: HTMLElement;
  readonly #rows = element("tbody");
  readonly #empty = element("p", { class: "empty" }, "None is open.");

  constructor(place: HTMLElement, choice: Choice) {
    this.#choice = choice;
    this.#title = element("h2", { id: "sessions-title" });
    const heads = ["Open for", "Messages", "Queue, session"];
    const table = element(
      "table",
      { "aria-labelledby": "sessions-title" },
      element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
      this.#rows,
    );
    place.append(
      element("header", {}, this.#title),
      element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of sessions" }, table),
      this.#empty,
    );
  }

  draw({ sessions: { items } }: Details, view: View): void {
    setText(this.#title, view.group === undefined ? "Longest open" : `Longest open, ${view.group}`);
    this.#empty.hidden = items.length > 0;
    while (this.#rows.rows.length > items.length) {
      this.#rows.deleteRow(-1);
    }
    items.forEach((session, index) => this.#drawRow(index, session));
  }

  #drawRow(index: number, session: Session): void {
    const row = this.#rows.rows[index] ?? this.#row();
    const texts: Readonly<Record<string, string>> = {
      open: duration(Math.floor(session.openMs / 1_000) * 1_000),
      seen: `seen ${clock(Date.parse(session.lastSeen), false).slice(0, 5)}`,
      messages: number(session.messages),
      queue: session.queue,
      id: session.id,
    };
    for (const place of row.querySelectorAll<HTMLElement>("[data-part]")) {
      setText(place, texts[place.dataset["part"] ?? ""] ?? "");
    }
  }

  #row(): HTMLTableRowElement {
    const row = this.#rows.insertRow();
    const queue = element("button", { type: "button", class: "name", "data-part": "queue" });
    queue.addEventListener("click", () => {
      this.#choice.set({ by: "queue", group: queue.textContent ?? undefined });
    });
    row.append(
      element("td", {}, element("span", { "data-part": "open" }), element("small", { "data-part": "seen" })),
      element("td", { "data-part": "messages" }),
      element("td", {}, queue, element("code", { "data-part": "id" })),
    );
    return row;
  }
}
