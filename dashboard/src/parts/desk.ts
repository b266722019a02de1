// The board of a contact centre: its queues, by who waits in them, and its agents. It is shown while anything
// is known of queues' and agents' legs.

import type { Desk, DeskGroup, Details } from "../data/answers.ts";
import { element, holdsSelection, setAttribute, setText } from "../dom.ts";
import { NONE, duration, number, percent } from "../format.ts";
import { choiceOf } from "../view/address.ts";
import type { Choice } from "../view/choice.ts";
import { csvButton, type Cell } from "./csv.ts";
import { define, definition, type Defined } from "./definition.ts";

interface Column {
  readonly label: string;
  readonly note: Defined;
  /** As people read it. */
  readonly text: (group: DeskGroup) => string;
  /** As a spreadsheet reads it. */
  readonly key: string;
  readonly cell: (group: DeskGroup) => Cell;
  /** Whether it gives way where there is no room. */
  readonly lesser?: boolean;
}

/** A column of a number. */
function column(label: string, note: Defined, key: string, of: (group: DeskGroup) => number | null, text = number): Column {
  return { label, note, key, cell: of, text: (group) => text(of(group)) };
}

/** Lengths of waits tick by the second. */
const whole = (ms: number | null | undefined): string => (!ms ? NONE : duration(Math.floor(ms / 1_000) * 1_000));

const SERVICE_LEVEL: Column = {
  label: "Service level",
  note: "DeskWindow.serviceLevel",
  key: "serviceLevel",
  cell: ({ window }) => window.serviceLevel,
  text: ({ window }) => percent(window.withinServiceLevel, window.countedForServiceLevel),
};

const QUEUE_COLUMNS: readonly Column[] = [
  column("Waiting", "DeskGroup.waiting", "waiting", ({ waiting }) => waiting),
  column("Longest", "DeskGroup.longestWaitingMs", "longestWaitingMs", ({ longestWaitingMs }) => longestWaitingMs, whole),
  column("Interacting", "DeskGroup.interacting", "interacting", ({ interacting }) => interacting),
  { ...column("Alerting", "DeskGroup.alerting", "alerting", ({ alerting }) => alerting), lesser: true },
  { ...column("Offered", "DeskWindow.offered", "offered", ({ window }) => window.offered), lesser: true },
  { ...column("Answered", "DeskWindow.answered", "answered", ({ window }) => window.answered), lesser: true },
  SERVICE_LEVEL,
  { ...column("ASA", "DeskWindow.answerMeanMs", "answerMeanMs", ({ window }) => window.answerMeanMs, duration), lesser: true },
  { ...column("Abandoned", "DeskWindow.abandoned", "abandoned", ({ window }) => window.abandoned), lesser: true },
];

const AGENT_COLUMNS: readonly Column[] = [
  column("Interacting", "DeskGroup.interacting", "interacting", ({ interacting }) => interacting),
  { ...column("Alerting", "DeskGroup.alerting", "alerting", ({ alerting }) => alerting), lesser: true },
  column("Handled", "DeskWindow.handled", "handled", ({ window }) => window.handled),
  column("Talk", "DeskWindow.talkMeanMs", "talkMeanMs", ({ window }) => window.talkMeanMs, duration),
  { ...column("AHT", "DeskWindow.handleMeanMs", "handleMeanMs", ({ window }) => window.handleMeanMs, duration), lesser: true },
  { ...column("Not responding", "DeskWindow.notResponding", "notResponding", ({ window }) => window.notResponding), lesser: true },
];

export class DeskBoard {
  readonly root: HTMLElement;
  readonly #queues: DeskTable;
  readonly #agents = new DeskTable("desk-agents", "Agents", "Agent", AGENT_COLUMNS);

  constructor(choice: Choice) {
    // A queue's name leads to its conversations: figures, charts and sessions are of it then.
    const choose = ({ name, kind }: DeskGroup): void => choice.set({ by: "queue", ...choiceOf({ name, kind }) });
    this.#queues = new DeskTable("desk-queues", "Queue board", "Queue", QUEUE_COLUMNS, choose);
    this.root = element("div", { class: "lists desk", hidden: true }, this.#queues.root, this.#agents.root);
  }

  draw({ desk, agents }: Details): void {
    this.root.hidden = !desk.known;
    if (desk.known) {
      this.#queues.draw(desk, desk.total);
      this.#agents.draw(agents, null);
    }
  }
}

/** One table of groups. */
class DeskTable {
  readonly root: HTMLElement;
  readonly #columns: readonly Column[];
  readonly #title: HTMLElement;
  readonly #label: string;
  readonly #rows = element("tbody");
  readonly #count = element("p", { class: "count", hidden: true });
  readonly #choose: ((group: DeskGroup) => void) | undefined;
  #held: readonly DeskGroup[] = [];
  /** What the rows are of. */
  #drawn: readonly DeskGroup[] = [];

  constructor(id: string, label: string, one: string, columns: readonly Column[], choose?: (group: DeskGroup) => void) {
    this.#columns = columns;
    this.#choose = choose;
    this.#label = label;
    this.#title = element("h2", { id: `${id}-title` }, label);
    const heads = columns.map(({ label: head, note, lesser }) => {
      const cell = element("th", { scope: "col", "data-lesser": lesser }, element("span", {}, head));
      define(cell, definition(note));
      return cell;
    });
    const save = csvButton(`the table ${label}`, () => `streamgauge-${id}`, () => [
      ["name", "displayName", "kind", ...columns.map(({ key }) => key)],
      ...this.#held.map((group) => [group.name, group.displayName, group.kind, ...columns.map(({ cell }) => cell(group))]),
    ]);
    const table = element(
      "table",
      { "aria-labelledby": `${id}-title` },
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, one), ...heads)),
      this.#rows,
    );
    this.root = element(
      "section",
      { id, class: "panel", "aria-labelledby": `${id}-title` },
      element("header", {}, this.#title, element("span", { class: "tools" }, save)),
      element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Table: ${label}` }, table),
      this.#count,
    );
  }

  /** The groups of an answer; all of them together come first, where there is such a row. */
  draw({ items, found, windowMs }: Desk, total: DeskGroup | null): void {
    setText(this.#title, `${this.#label}, last ${duration(windowMs)}`);
    if (holdsSelection(this.#rows)) {
      return;
    }
    this.#held = items;
    const isCut = found > items.length;
    this.#count.hidden = !isCut;
    setText(this.#count, isCut ? `${number(items.length)} of ${number(found)} are shown.` : "");
    const all = total === null || items.length < 2 ? items : [total, ...items];
    this.#drawn = all;
    while (this.#rows.rows.length > all.length) {
      this.#rows.deleteRow(-1);
    }
    all.forEach((group, index) => this.#drawRow(index, group, group === total));
  }

  #drawRow(index: number, group: DeskGroup, isTotal: boolean): void {
    const row = this.#rows.rows[index] ?? this.#row();
    setAttribute(row, "data-total", isTotal ? "" : undefined);
    const [head, ...cells] = row.cells;
    const name = head?.firstElementChild;
    if (name instanceof HTMLElement) {
      setText(name, isTotal ? "All" : group.displayName);
      setAttribute(name, "title", isTotal || group.name === group.displayName ? undefined : group.name);
      setAttribute(name, "disabled", isTotal ? "" : undefined);
    }
    cells.forEach((cell, place) => setText(cell, this.#columns[place]?.text(group) ?? ""));
  }

  #row(): HTMLTableRowElement {
    const row = this.#rows.insertRow();
    const name =
      this.#choose === undefined
        ? element("span", { dir: "auto" })
        : element("button", { type: "button", class: "name", dir: "auto" });
    name.addEventListener("click", () => {
      const group = this.#drawn[row.sectionRowIndex];
      if (group !== undefined) {
        this.#choose?.(group);
      }
    });
    row.append(element("th", { scope: "row" }, name), ...this.#columns.map(({ lesser }) => element("td", { "data-lesser": lesser })));
    return row;
  }
}
