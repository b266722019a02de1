// What a wallboard is for: the queues, worst first, as many as the screen has room for. Colour and
// shape come from the alert rules. Which numbers it has is in the table of metrics.

import type { Alert, Details, WaitLevels } from "../data/answers.ts";
import { PHASES, because } from "../data/thresholds.ts";
import { levelsInWords, waitingInWords, waitingPhase } from "../data/waiting.ts";
import { element, setAttribute, setText } from "../dom.ts";
import { number } from "../format.ts";
import { dimensionOf, isOf, windowOf, type View } from "../view/address.ts";
import { trim } from "../view/fit.ts";
import { define } from "./definition.ts";
import { uncertainOf } from "./figures.ts";
import { COLUMNS as ALL, shownIn } from "./groups.ts";
import { withUrgent, worstFirst, type Place } from "./order.ts";

const COLUMNS = ALL.filter(({ metric }) => metric.column.wall);
/** More rows than any screen has room for. */
const ROWS = 40;

/** What rules say of a group that is too small to be among the first: their own value; else blank. */
function told({ metric: { name }, text }: (typeof COLUMNS)[number], alerts: readonly Alert[], view: View): string {
  const { ms } = windowOf(view);
  const found = alerts.find(
    ({ metric, windowMs }) => metric === name && (windowMs === null || windowMs === ms),
  );
  return found === undefined ? "" : text(found.value);
}

export class WallList {
  readonly root: HTMLElement;
  readonly #title = element("h2", { id: "worst-title" });
  readonly #name = element("span");
  readonly #rows = element("tbody");
  readonly #more = element("p", { class: "count" });
  readonly #legend = element("p", { class: "levels" });

  constructor() {
    const heads = COLUMNS.map(({ sort, label, note }) => {
      const head = element("th", { scope: "col", "data-column": sort }, label);
      define(head, note);
      return head;
    });
    const table = element(
      "table",
      { "aria-labelledby": "worst-title" },
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, this.#name), ...heads)),
      this.#rows,
    );
    this.root = element(
      "section",
      { id: "worst", class: "panel worst", "aria-labelledby": "worst-title", hidden: true },
      element("header", {}, this.#title, this.#more),
      element("div", { class: "room" }, table),
      this.#legend,
    );
  }

  /** `doubt` is why nothing here may look calm; empty where all is known. */
  draw(details: Details | undefined, alerts: readonly Alert[], levels: WaitLevels, doubt: string, view: View, asOfMs: number): void {
    this.root.hidden = !view.wall || details === undefined;
    if (!view.wall || details === undefined) {
      return;
    }
    const { by, label, one } = dimensionOf(view);
    // What is true of all rows is said once, and leaves their room to them.
    setText(this.#title, doubt === "" ? `${label}, worst first` : `${label}, worst first ${doubt}`);
    setText(this.#name, one);
    setText(this.#legend, levelsInWords(levels));
    this.#legend.hidden = by === "DIRECTION" || levelsInWords(levels) === "";
    const groups = withUrgent(details.groups.items, details.urgent?.items ?? []);
    const places = worstFirst(groups, alerts.filter((alert) => alert.by === by), levels);
    const shown = places.slice(0, ROWS);
    while (this.#rows.rows.length > shown.length) {
      this.#rows.deleteRow(-1);
    }
    shown.forEach((place, index) => this.#drawRow(index, place, { levels, doubt }, view, asOfMs));
    this.#trim();
    const visible = [...this.#rows.rows].filter((row) => !row.hidden).length;
    const rest = Math.max(details.groups.count, places.length) - visible;
    setText(this.#more, rest > 0 ? `+${number(rest)} more` : "");
  }

  /** Rows end where the box ends: nothing is cut through. */
  #trim(): void {
    const room = this.#rows.closest<HTMLElement>(".room");
    if (room !== null) {
      trim(this.#rows, room);
      // The worst one is rather cut through than gone.
      this.#rows.rows[0]?.toggleAttribute("hidden", false);
    }
  }

  #drawRow(index: number, place: Place, { levels, doubt }: { levels: WaitLevels; doubt: string }, view: View, asOfMs: number): void {
    const { name, label, group, alerts, phase: known } = place;
    const row = this.#rows.rows[index] ?? this.#row();
    const unsure = uncertainOf(group?.openUncertain);
    const isInDoubt = (unsure !== "" || doubt !== "") && (known ?? "OK") === "OK";
    const phase = isInDoubt ? undefined : known;
    setAttribute(row, "data-phase", phase);
    row.classList.toggle("doubt", isInDoubt);
    row.classList.toggle("chosen", group === undefined ? view.group === name : isOf(view, group));
    const [mark, title, why] = row.querySelectorAll<HTMLElement>("th > span");
    if (mark !== undefined && title !== undefined && why !== undefined) {
      setText(mark, isInDoubt ? "◇" : phase === undefined ? "" : PHASES[phase].shape);
      setText(title, label);
      setAttribute(title, "title", label === name ? undefined : name);
      // A long name takes more lines, and smaller ones.
      setAttribute(title, "data-long", label.length > 44 ? "very" : label.length > 22 ? "rather" : undefined);
      const [worstOne] = alerts;
      const said = [
        group !== undefined && waitingPhase(group) === phase ? waitingInWords(group, levels) : "",
        worstOne !== undefined && worstOne.phase !== "OK" && worstOne.phase === phase ? because(worstOne, asOfMs) : "",
      ].filter((text) => text !== "");
      setText(why, said.length > 0 ? said.join("; ") : unsure);
    }
    COLUMNS.forEach((column, at) => {
      const cell = row.cells[at + 1];
      if (cell !== undefined) {
        setText(cell, group === undefined ? told(column, alerts, view) : shownIn(column, group, view));
      }
    });
  }

  #row(): HTMLTableRowElement {
    const row = this.#rows.insertRow();
    const parts = ["mark", "title", "why"].map((part) => element("span", { class: part, dir: part === "title" ? "auto" : undefined }));
    row.append(
      element("th", { scope: "row" }, ...parts),
      ...COLUMNS.map(({ sort }) => element("td", { "data-column": sort })),
    );
    return row;
  }
}
