// The longest-open sessions, or those whose guest waits for a reply, with their ids: where a number becomes conversations to look into.

import type { Details, GroupKind, Session } from "../data/answers.ts";
import { apart } from "../data/thresholds.ts";
import { element, holdsSelection, setAttribute, setText } from "../dom.ts";
import { clock, duration, number } from "../format.ts";
import { LISTS, choiceOf, type List, type View } from "../view/address.ts";
import type { Choice } from "../view/choice.ts";
import { csvButton } from "./csv.ts";
import { define, definition } from "./definition.ts";

const HEADS = [
  { label: "Open for", note: definition("OpenSession.openMs") },
  { label: "Waits", note: definition("OpenSession.awaitingMs") },
  { label: "Messages", note: definition("OpenSession.messages") },
  { label: "Queue, session", note: `${definition("OpenSession.queue")}; ${definition("OpenSession.id")}` },
];

const LIST_LABELS: Readonly<Record<List, string>> = { open: "Open", awaiting: "Awaiting a reply" };

export class SessionList {
  readonly #choice: Choice;
  readonly #title: HTMLElement;
  readonly #lists = new Map<List, HTMLButtonElement>();
  readonly #count = element("p", { class: "count", hidden: true });
  readonly #silentLabel: HTMLElement;
  readonly #silent = element("input", { type: "checkbox" });
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
    const fileName = (): string => (choice.view.list === "awaiting" ? "streamgauge-awaiting-reply" : "streamgauge-longest-open");
    const save = csvButton("these sessions", fileName, () => [
      ["id", "queue", "deployment", "connectedAt", "openMs", "awaitingMs", "lastSeen", "messages", "silent", "uncertain", "queueKind", "queueDisplayName", "deploymentDisplayName", "link"],
      ...this.#held.map(({ id, queue, queueKind, deployment, connectedAtMs, openMs, awaitingMs, lastSeen, silent, uncertain, messages, queueDisplayName, deploymentDisplayName, link }) => [
        id, queue, deployment, new Date(connectedAtMs).toISOString(), openMs, awaitingMs, lastSeen, messages, String(silent), String(uncertain), queueKind, queueDisplayName, deploymentDisplayName, link,
      ]),
    ]);
    this.#silent.addEventListener("change", () => choice.set({ silent: this.#silent.checked }));
    const silent = element("label", { class: "silent" }, this.#silent, "silent ones");
    define(silent, definition("OpenSession.silent"));
    this.#silentLabel = silent;
    const lists = LISTS.map((list) => {
      const button = element("button", { type: "button" }, LIST_LABELS[list]);
      button.addEventListener("click", () => choice.set({ list }));
      this.#lists.set(list, button);
      return button;
    });
    place.append(
      element("header", {}, this.#title, element("span", { class: "tools" }, element("span", { class: "choice", role: "group", "aria-label": "Sessions" }, ...lists), silent, save)),
      element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of sessions" }, table),
      this.#empty,
      this.#count,
    );
  }

  /** `name` is what people read for the chosen group, `awaiting` how many guests of it wait. */
  draw({ sessions: { items } }: Details, view: View, name: string | undefined, awaiting: number | null): void {
    const isAwaiting = view.list === "awaiting";
    const title = isAwaiting ? "Awaiting a reply" : "Longest open";
    setText(this.#title, view.group === undefined ? title : `${title}, ${apart(name ?? view.group)}`);
    for (const [list, button] of this.#lists) {
      setAttribute(button, "aria-pressed", String(list === view.list));
    }
    this.#silent.checked = view.silent;
    this.#silentLabel.hidden = isAwaiting;
    setText(this.#empty, isAwaiting ? "Nobody waits for a reply." : view.silent ? "None is open." : "None that is heard of is open.");
    if (holdsSelection(this.#rows)) {
      return;
    }
    this.#held = items;
    // The number may be ahead of the list, which is made once a second.
    this.#empty.hidden = items.length > 0 || (isAwaiting && (awaiting ?? 0) > 0);
    const isCut = isAwaiting && awaiting !== null && awaiting > items.length;
    this.#count.hidden = !isCut;
    setText(this.#count, isCut ? `The ${number(items.length)} who have waited longest, of ${number(awaiting)}.` : "");
    this.#shorten(items.length);
    items.forEach((session, index) => this.#drawRow(index, session));
  }

  /** Takes rows away at the end. Who was in one of them with the keyboard goes on in the last that stays. */
  #shorten(length: number): void {
    const isHere = this.#rows.contains(document.activeElement);
    while (this.#rows.rows.length > length) {
      this.#rows.deleteRow(-1);
    }
    if (isHere && !this.#rows.contains(document.activeElement)) {
      const last = this.#rows.rows[length - 1]?.querySelector<HTMLElement>(".name");
      (last ?? this.#lists.get(this.#choice.view.list))?.focus();
    }
  }

  #drawRow(index: number, session: Session): void {
    const row = this.#rows.rows[index] ?? this.#row();
    const texts: Readonly<Record<string, string>> = {
      open: duration(Math.floor(session.openMs / 1_000) * 1_000),
      waits: session.awaitingMs === null ? "" : duration(Math.floor(session.awaitingMs / 1_000) * 1_000),
      seen: seenOf(session),
      messages: number(session.messages),
      queue: session.queueDisplayName,
      id: session.id,
    };
    setAttribute(row, "data-doubt", session.uncertain ? "uncertain" : session.silent ? "silent" : undefined);
    setAttribute(row.querySelector<HTMLElement>(".name") ?? row, "data-kind", session.queueKind);
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
      const kind = (queue.dataset["kind"] ?? "NAMED") as GroupKind;
      this.#choice.set({ by: "queue", ...choiceOf({ name: queue.dataset["queue"] ?? "", kind }) });
    });
    // The other program learns nothing of this page, and gets no hold of its window.
    const link = element("a", { class: "link", target: "_blank", rel: "noopener noreferrer", hidden: true }, "Open ↗");
    row.append(
      element("td", {}, element("span", { "data-part": "open" }), element("small", { "data-part": "seen" })),
      element("td", { "data-part": "waits" }),
      element("td", { "data-part": "messages" }),
      element("td", {}, queue, element("code", { "data-part": "id" }), link),
    );
    return row;
  }
}

/** When something was heard of a session last, and what to think of that. */
function seenOf({ lastSeen, silent, uncertain }: Session): string {
  const seen = `seen ${clock(Date.parse(lastSeen), false).slice(0, 5)}`;
  return uncertain ? `◆ uncertain, ${seen}` : silent ? `◆ silent, ${seen}` : seen;
}
