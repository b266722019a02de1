// The longest-open sessions with their ids: where a number becomes conversations to look into.

import type { Details, Session } from "../data/answers.ts";
import { apart } from "../data/thresholds.ts";
import { element, holdsSelection, setAttribute, setText } from "../dom.ts";
import { clock, duration, number } from "../format.ts";
import type { View } from "../view/address.ts";
import type { Choice } from "../view/choice.ts";
import { csvButton } from "./csv.ts";
import { define, definition } from "./definition.ts";

const HEADS = [
  { label: "Open for", note: definition("OpenSession.openMs") },
  { label: "Messages", note: definition("OpenSession.messages") },
  { label: "Queue, session", note: `${definition("OpenSession.queue")}; ${definition("OpenSession.id")}` },
];

export class SessionList {
  readonly #choice: Choice;
  readonly #title: HTMLElement;
  readonly #rows = element("tbody");
  readonly #empty = element("p", { class: "empty" }, "None is open.");
  #held: readonly Session[] = [];

  constructor(place: HTMLElement, choice: Choice) {
    this.#choice = choice;
    this.#title = element("h2", { id: "sessions-title" });
    const heads = HEADS.map(({ label, note }) => {
      const head = element("th", { scope: "col" }, element("span", {}, label));
      define(head, note);
      return head;
    });
    const table = element(
      "table",
      { "aria-labelledby": "sessions-title" },
      element("thead", {}, element("tr", {}, ...heads)),
      this.#rows,
    );
    const save = csvButton("these sessions", () => "streamgauge-longest-open", () => [
      ["id", "queue", "deployment", "connectedAt", "openMs", "lastSeen", "messages", "queueDisplayName", "deploymentDisplayName", "link"],
      ...this.#held.map(({ id, queue, deployment, connectedAtMs, openMs, lastSeen, messages, queueDisplayName, deploymentDisplayName, link }) => [
        id, queue, deployment, new Date(connectedAtMs).toISOString(), openMs, lastSeen, messages, queueDisplayName, deploymentDisplayName, link,
      ]),
    ]);
    place.append(
      element("header", {}, this.#title, save),
      element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of sessions" }, table),
      this.#empty,
    );
  }

  /** `name` is what people read for the chosen group. */
  draw({ sessions: { items } }: Details, view: View, name: string | undefined): void {
    setText(this.#title, view.group === undefined ? "Longest open" : `Longest open, ${apart(name ?? view.group)}`);
    if (holdsSelection(this.#rows)) {
      return;
    }
    this.#held = items;
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
      queue: session.queueDisplayName,
      id: session.id,
    };
    for (const place of row.querySelectorAll<HTMLElement>("[data-part]")) {
      setText(place, texts[place.dataset["part"] ?? ""] ?? "");
    }
    const queue = row.querySelector(".name");
    const link = row.querySelector("a");
    if (queue !== null && link !== null) {
      setAttribute(queue, "data-queue", session.queue);
      setAttribute(queue, "title", session.queue === session.queueDisplayName ? undefined : session.queue);
      // The server lets nothing else through; neither does the page.
      const href = /^https?:\/\//i.test(session.link ?? "") ? (session.link ?? undefined) : undefined;
      setAttribute(link, "href", href);
      setAttribute(link, "aria-label", `Open session ${session.id} in another program`);
      link.hidden = href === undefined;
    }
  }

  #row(): HTMLTableRowElement {
    const row = this.#rows.insertRow();
    const queue = element("button", { type: "button", class: "name", dir: "auto", "data-part": "queue" });
    queue.addEventListener("click", () => {
      this.#choice.set({ by: "queue", group: queue.dataset["queue"] });
    });
    // The other program learns nothing of this page, and gets no hold of its window.
    const link = element("a", { class: "link", target: "_blank", rel: "noopener noreferrer", hidden: true }, "Open ↗");
    row.append(
      element("td", {}, element("span", { "data-part": "open" }), element("small", { "data-part": "seen" })),
      element("td", { "data-part": "messages" }),
      element("td", {}, queue, element("code", { "data-part": "id" }), link),
    );
    return row;
  }
}
