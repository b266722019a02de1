// The table of queues, deployments or directions: sortable, searchable, each with its small chart.

import type { Alert, Details, Group, Series } from "../data/answers.ts";
import { path } from "../data/series.ts";
import { PHASES, sentence, worst } from "../data/thresholds.ts";
import { element, setAttribute, setText, svg } from "../dom.ts";
import { duration, number } from "../format.ts";
import { dimensionOf, windowOf, type Sort, type View } from "../view/address.ts";
import type { Choice } from "../view/choice.ts";
import { ordered } from "./order.ts";

const COLUMNS: readonly { sort: Sort; label: string; text: (group: Group) => string }[] = [
  { sort: "messages", label: "Messages/min", text: ({ window }) => number(window.messagesPerMinute) },
  { sort: "active", label: "Active", text: ({ window }) => number(window.activeSessions) },
  { sort: "open", label: "Open", text: ({ openSessions }) => number(openSessions) },
  { sort: "connections", label: "In/min", text: ({ window }) => number(window.connectionsPerMinute) },
  { sort: "disconnections", label: "Out/min", text: ({ window }) => number(window.disconnectionsPerMinute) },
  { sort: "duration", label: "Avg duration", text: ({ window }) => duration(window.avgSessionDurationMs) },
];

const TREND = { width: 120, height: 24 };

interface Row {
  readonly root: HTMLTableRowElement;
  readonly name: HTMLButtonElement;
  readonly mark: HTMLElement;
  readonly trend: SVGPathElement;
  readonly cells: readonly HTMLTableCellElement[];
}

export class GroupTable {
  readonly #choice: Choice;
  readonly #title: HTMLElement;
  readonly #count: HTMLElement;
  readonly #search: HTMLInputElement;
  readonly #nameHead: HTMLButtonElement;
  readonly #heads: { readonly sort: Sort; readonly cell: HTMLElement }[] = [];
  readonly #body = element("tbody");
  readonly #empty = element("p", { class: "empty", hidden: true });
  readonly #table: HTMLTableElement;
  #rows = new Map<string, Row>();

  constructor(place: HTMLElement, choice: Choice) {
    this.#choice = choice;
    this.#title = element("h2", { id: "groups-title" });
    this.#count = element("p", { class: "count" });
    this.#search = element("input", { type: "search", id: "search", placeholder: "Search", "aria-label": "Search by name" });
    this.#search.value = choice.view.search;
    this.#search.addEventListener("input", () => choice.set({ search: this.#search.value }));
    this.#nameHead = this.#head("name", "");
    for (const { sort, label } of COLUMNS) {
      this.#head(sort, label);
    }
    const cells = this.#heads.map(({ cell }) => cell);
    cells.splice(1, 0, element("th", { scope: "col", class: "trend" }, "5 min"));
    this.#table = element(
      "table",
      { "aria-labelledby": "groups-title" },
      element("thead", {}, element("tr", {}, ...cells)),
      this.#body,
    );
    place.append(
      element("header", {}, this.#title, this.#search),
      // Wide tables scroll by themselves, with the keyboard too.
      element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of groups" }, this.#table),
      this.#empty,
      this.#count,
    );
  }

  /** Puts the cursor into the search field. */
  search(): void {
    this.#search.focus();
  }

  draw(details: Details, alerts: readonly Alert[], view: View): void {
    const { label, one, by } = dimensionOf(view);
    setText(this.#title, label);
    setText(this.#nameHead, one);
    setAttribute(this.#table, "data-by", by);
    if (this.#search.value !== view.search) {
      this.#search.value = view.search;
    }
    for (const { sort, cell } of this.#heads) {
      const direction = sort === "name" ? "ascending" : "descending";
      setAttribute(cell, "aria-sort", sort === view.sort ? direction : undefined);
    }
    const { groups, trends } = details;
    const wanted = view.search.trim().toLowerCase();
    const found = groups.items.filter(({ name }) => name.toLowerCase().includes(wanted));
    this.#drawRows(ordered(found, view.sort), trends, alerts, view);
    this.#empty.hidden = found.length > 0;
    setText(this.#empty, wanted === "" ? "Nothing yet." : `No name holds “${view.search.trim()}”.`);
    setText(this.#count, counted(groups, found.length, view));
  }

  #drawRows(groups: readonly Group[], trends: readonly Series[], alerts: readonly Alert[], view: View): void {
    const by = dimensionOf(view).by;
    const kept = new Map<string, Row>();
    for (const group of groups) {
      const key = `${by} ${group.kind} ${group.name}`;
      const row = this.#rows.get(key) ?? this.#row(group);
      kept.set(key, row);
      const canDrill = by !== "DIRECTION";
      setText(row.name, group.name);
      row.name.disabled = !canDrill;
      const isChosen = canDrill && view.group === group.name;
      setAttribute(row.name, "aria-pressed", canDrill ? String(isChosen) : undefined);
      row.root.classList.toggle("chosen", isChosen);
      const trend = trends.find(({ name }) => name === group.name);
      setAttribute(row.trend, "d", trend === undefined ? "" : path(trend.values, TREND.width, TREND.height));
      COLUMNS.forEach(({ text }, index) => {
        const cell = row.cells[index];
        if (cell !== undefined) {
          setText(cell, text(group));
        }
      });
      drawMark(row, alerts.filter((alert) => alert.by === by && alert.group === group.name));
    }
    for (const [key, { root }] of this.#rows) {
      if (!kept.has(key)) {
        root.remove();
      }
    }
    this.#rows = kept;
    this.#arrange([...kept.values()].map(({ root }) => root));
  }

  /** Puts rows in order, but never under the reader's hand. */
  #arrange(wanted: readonly HTMLTableRowElement[]): void {
    const isHeld = this.#body.matches(":hover, :focus-within");
    const fresh = wanted.filter((row) => row.parentNode !== this.#body);
    if (isHeld && fresh.length === 0) {
      return;
    }
    wanted.forEach((row, index) => {
      if (this.#body.rows[index] !== row) {
        this.#body.insertBefore(row, this.#body.rows[index] ?? null);
      }
    });
  }

  #row(group: Group): Row {
    const mark = element("span", { class: "mark" });
    const name = element("button", { type: "button", class: "name" });
    name.addEventListener("click", () => {
      const isChosen = this.#choice.view.group === group.name;
      this.#choice.set({ group: isChosen ? undefined : group.name });
    });
    const trend = svg("path", { class: "trend-line" });
    const box = svg("svg", { viewBox: `0 -1 ${TREND.width} ${TREND.height + 2}`, preserveAspectRatio: "none", "aria-hidden": "true" }, trend);
    const cells = COLUMNS.map(({ sort }) => element("td", { "data-column": sort }));
    const root = element(
      "tr",
      {},
      element("th", { scope: "row" }, mark, name),
      element("td", { class: "trend" }, box),
      ...cells,
    );
    if (group.kind !== "NAMED") {
      root.classList.add("unnamed");
    }
    return { root, name, mark, trend, cells };
  }

  #head(sort: Sort, label: string): HTMLButtonElement {
    const button = element("button", { type: "button" }, label);
    button.addEventListener("click", () => this.#choice.set({ sort }));
    this.#heads.push({ sort, cell: element("th", { scope: "col", "data-column": sort }, button) });
    return button;
  }
}

function drawMark({ root, mark }: Row, rules: readonly Alert[]): void {
  const phase = worst(rules);
  setAttribute(root, "data-phase", phase);
  setText(mark, phase === undefined ? "" : `${PHASES[phase].shape} `);
  setAttribute(mark, "title", phase === undefined ? undefined : rules.map((rule) => sentence(rule, rule.metric.endsWith("Ms"))).join("\n"));
}

function counted({ count, items, capacity, overflowed }: Details["groups"], found: number, view: View): string {
  const { label } = windowOf(view);
  const { label: what } = dimensionOf(view);
  const shown = count > items.length ? `the first ${number(items.length)} of ${number(count)}` : number(count);
  const over = overflowed > 0 ? ` Beyond ${number(capacity)} names, ${number(overflowed)} events went to “other”.` : "";
  const searched = view.search.trim() === "" ? "" : `${number(found)} found among `;
  return `${searched}${shown} ${what.toLowerCase()}, over ${label}.${over}`;
}
