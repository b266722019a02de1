// The table of queues, deployments or directions: sorted both ways, searched by the server, each row
// with its small chart.

import type { Alert, Details, Group, WaitLevels } from "../data/answers.ts";
import { COLUMN_METRICS, metricOf, type ColumnMetric } from "../data/metrics.ts";
import { path } from "../data/series.ts";
import { PHASES, inWords, worst } from "../data/thresholds.ts";
import { levelsInWords, waitingInWords, waitingPhase } from "../data/waiting.ts";
import { element, holdsSelection, setAttribute, setText, svg } from "../dom.ts";
import { duration, number } from "../format.ts";
import { choiceOf, dimensionOf, isOf, windowOf, type Sort, type View } from "../view/address.ts";
import type { Choice } from "../view/choice.ts";
import { csvButton, type Cell } from "./csv.ts";
import { define, definition } from "./definition.ts";
import { alertsByGroup, ordered, valueOf, worse } from "./order.ts";

interface Column {
  readonly metric: ColumnMetric;
  readonly sort: Sort;
  readonly label: string;
  readonly note: string;
  readonly text: (value: number | null) => string;
}

export const COLUMNS: readonly Column[] = COLUMN_METRICS.map((metric) => {
  const { definition, histogram, name, unit, column } = metric;
  const some = histogram ? " Kept of groups for 1 m and 1 h only." : "";
  const uncertain = name === "openSessions" ? ` Behind ◆: ${metricOf("openUncertain")?.definition}` : "";
  return { metric, sort: column.key, label: column.label, note: `${definition}${some}${uncertain}`, text: unit === "ms" ? duration : number };
});

/** Those that screens have room for, the longest values included; the file has all. */
const SHOWN = COLUMNS.slice(0, 9);

/** Numbers behind which there is a list of sessions. */
const DRILLED: ReadonlySet<string> = new Set(["awaitingReply", "longestAwaitingMs"]);

/** Columns that always find room; the others give way on narrow screens. */
const FIRST = 6;

function attributesOf(column: Column): Record<string, string> {
  const minor = SHOWN.indexOf(column) < FIRST ? {} : { "data-minor": "" };
  return { "data-column": column.sort, ...minor };
}

/** A column's text for a group: blank where there is nothing to say, which is not 0. */
export function shownIn(column: Column, group: Group, view: View): string {
  const now = valueIn(column, group, view);
  return now === null ? "" : column.text(now);
}

/** A column's number for a group. Sessions have no direction. */
function valueIn({ metric }: Column, group: Group, view: View): number | null {
  return view.by === "direction" && !metric.messages ? null : valueOf(group, metric);
}

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
  #held: readonly Group[] = [];
  #levels: WaitLevels | undefined;

  constructor(place: HTMLElement, choice: Choice) {
    this.#choice = choice;
    this.#title = element("h2", { id: "groups-title" });
    this.#count = element("p", { class: "count" });
    this.#search = element("input", { type: "search", id: "search", placeholder: "Search", "aria-label": "Search by name" });
    this.#search.value = choice.view.search;
    this.#search.addEventListener("input", () => choice.set({ search: this.#search.value }));
    this.#nameHead = this.#head("name", "", definition("Group.displayName"));
    for (const { sort, label, note } of SHOWN) {
      this.#head(sort, label, note);
    }
    const cells = this.#heads.map(({ cell }) => cell);
    const trend = element("th", { scope: "col", class: "trend" }, element("span", {}, "Messages, 5\u00a0m"));
    define(trend, "Messages of the last five minutes, by steps of ten seconds. Every row has its own scale.");
    cells.splice(1, 0, trend);
    this.#table = element(
      "table",
      { "aria-labelledby": "groups-title" },
      element("thead", {}, element("tr", {}, ...cells)),
      this.#body,
    );
    const save = csvButton("this table", () => this.#fileName(), () => this.#lines());
    place.append(
      element("header", {}, this.#title, element("span", { class: "tools" }, this.#search, save)),
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

  draw(details: Details, alerts: readonly Alert[], levels: WaitLevels, view: View, asOfMs: number): void {
    this.#levels = levels;
    const { label, one, by } = dimensionOf(view);
    setText(this.#title, label);
    setText(this.#nameHead, one);
    setAttribute(this.#table, "data-by", by);
    if (this.#search.value !== view.search) {
      this.#search.value = view.search;
    }
    for (const { sort, cell } of this.#heads) {
      const isUp = (sort === "name") !== view.reverse;
      setAttribute(cell, "aria-sort", sort === view.sort ? (isUp ? "ascending" : "descending") : undefined);
    }
    if (holdsSelection(this.#body)) {
      // What the reader has selected stays where it is until it is let go.
      setText(this.#count, "Held while text is selected.");
      return;
    }
    // The server searches; until it has answered, what is here is searched.
    const wanted = view.search.trim().toLowerCase();
    const found = details.groups.items.filter(({ name, displayName }) => [name, displayName].some((each) => each.toLowerCase().includes(wanted)));
    this.#held = ordered(found, view.sort, view.reverse);
    this.#drawRows(this.#held, alerts, view, asOfMs);
    this.#empty.hidden = found.length > 0;
    setText(this.#empty, wanted === "" ? "Nothing yet." : `No name holds “${view.search.trim()}”.`);
    const meaning = view.by === "direction" ? "" : levelsInWords(levels);
    setText(this.#count, `${counted(details.groups, found.length, view)}${meaning === "" ? "" : ` ${meaning}`}`);
  }

  #drawRows(groups: readonly Group[], alerts: readonly Alert[], view: View, asOfMs: number): void {
    const by = dimensionOf(view).by;
    const byGroup = alertsByGroup(alerts.filter((alert) => alert.by === by));
    const kept = new Map<string, Row>();
    for (const group of groups) {
      const key = `${by} ${group.kind} ${group.name}`;
      const row = this.#rows.get(key) ?? this.#row(group);
      kept.set(key, row);
      const canDrill = by !== "DIRECTION";
      setText(row.name, group.displayName);
      setAttribute(row.name, "title", group.displayName === group.name ? undefined : group.name);
      row.name.disabled = !canDrill;
      const isChosen = canDrill && isOf(view, group);
      setAttribute(row.name, "aria-pressed", canDrill ? String(isChosen) : undefined);
      row.root.classList.toggle("chosen", isChosen);
      setAttribute(row.trend, "d", path(group.trend?.values ?? [], TREND.width, TREND.height));
      SHOWN.forEach((column, index) => {
        const cell = row.cells[index];
        if (cell !== undefined) {
          const isOpen = column.sort === "open" && group.openUncertain > 0;
          const text = `${shownIn(column, group, view)}${isOpen ? ` ◆ ${number(group.openUncertain)}` : ""}`;
          const drill = cell.querySelector("button");
          setText(drill ?? cell, text);
          if (drill !== null) {
            drill.disabled = !canDrill || text === "";
            setAttribute(drill, "aria-label", `${column.label} ${text}: list the guests of ${group.displayName} who wait`);
          }
        }
      });
      drawMark(row, byGroup.get(group.name) ?? [], group, this.#levels, asOfMs);
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
    const name = element("button", { type: "button", class: "name", dir: "auto" });
    name.addEventListener("click", () => {
      const isChosen = isOf(this.#choice.view, group);
      this.#choice.set(isChosen ? { group: undefined, kind: undefined } : choiceOf(group));
    });
    const trend = svg("path", { class: "trend-line" });
    const box = svg("svg", { viewBox: `0 -1 ${TREND.width} ${TREND.height + 2}`, preserveAspectRatio: "none", "aria-hidden": "true" }, trend);
    const cells = SHOWN.map((column) =>
      DRILLED.has(column.metric.name)
        ? element("td", attributesOf(column), this.#drill(group))
        : element("td", attributesOf(column)),
    );
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

  /** A number that leads to the sessions behind it. */
  #drill(group: Group): HTMLButtonElement {
    const button = element("button", { type: "button", class: "drill" });
    button.addEventListener("click", () => {
      this.#choice.set({ ...choiceOf(group), list: "awaiting" });
      document.getElementById("sessions")?.scrollIntoView({ block: "nearest" });
    });
    return button;
  }

  #head(sort: Sort, label: string, note: string): HTMLButtonElement {
    const button = element("button", { type: "button" }, label);
    button.addEventListener("click", () => {
      const { sort: now, reverse } = this.#choice.view;
      this.#choice.set({ sort, reverse: now === sort ? !reverse : false });
    });
    const column = SHOWN.find((each) => each.sort === sort);
    const cell = element("th", { scope: "col", ...(column === undefined ? { "data-column": sort } : attributesOf(column)) }, button);
    define(cell, note, button);
    this.#heads.push({ sort, cell });
    return button;
  }

  #fileName(): string {
    const { view } = this.#choice;
    return `streamgauge-${dimensionOf(view).label.toLowerCase()}-${view.window}`;
  }

  #lines(): Cell[][] {
    const { view } = this.#choice;
    const heads = [dimensionOf(view).one, ...COLUMNS.map(({ metric }) => metric.name), "openUncertain", "kind", "displayName"];
    const isDirection = view.by === "direction";
    return [
      heads,
      ...this.#held.map((group) => [
        group.name,
        ...COLUMNS.map((column) => valueIn(column, group, view)),
        isDirection ? null : group.openUncertain,
        group.kind,
        group.displayName,
      ]),
    ];
  }
}

function drawMark({ root, mark }: Row, rules: readonly Alert[], group: Group, levels: WaitLevels | undefined, asOfMs: number): void {
  const own = group.waiting === undefined ? "OK" : waitingPhase(group);
  // Calm by the levels of waiting alone is nothing to mark every row with.
  const phase = worse(worst(rules), own === "OK" ? undefined : own);
  setAttribute(root, "data-phase", phase);
  setText(mark, phase === undefined ? "" : `${PHASES[phase].shape} `);
  const said = [waitingInWords(group, levels), ...rules.map((rule) => inWords(rule, asOfMs))].filter((text) => text !== "");
  setAttribute(mark, "title", said.length === 0 ? undefined : said.join("\n"));
}

function counted({ count, found: all, items, capacity, overflowed }: Details["groups"], found: number, view: View): string {
  const { label } = windowOf(view);
  const { label: what } = dimensionOf(view);
  const isSearched = view.search.trim() !== "";
  const total = isSearched ? all : count;
  const shown = total > items.length ? `the first ${number(items.length)} of ${number(total)}` : number(isSearched ? found : total);
  const searched = isSearched ? ` found among ${number(count)}` : "";
  const over = overflowed > 0 ? ` Beyond ${number(capacity)} names, ${number(overflowed)} events went to “other”.` : "";
  return `${shown}${searched} ${what.toLowerCase()}, over ${label}.${over}`;
}
