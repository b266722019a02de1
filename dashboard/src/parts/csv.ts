// A table as a file of comma-separated values: what the table holds, in plain numbers that a
// spreadsheet of any language reads.

import { element } from "../dom.ts";

export type Cell = string | number | null | undefined;

/** Rows as CSV by RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe. */
export function csv(rows: readonly (readonly Cell[])[]): string {
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function cell(value: Cell): string {
  if (value === null || value === undefined) {
    return "";
  }
  if (typeof value === "number") {
    return String(value);
  }
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A button that saves the rows of the moment under a name. */
export function csvButton(what: string, name: () => string, rows: () => readonly (readonly Cell[])[]): HTMLButtonElement {
  const button = element("button", { type: "button", class: "save", "aria-label": `Save ${what} as CSV` }, "CSV");
  button.addEventListener("click", () => {
    // The mark tells spreadsheets that this is UTF-8.
    const file = new Blob(["\uFEFF", csv(rows())], { type: "text/csv;charset=utf-8" });
    const url = URL.createObjectURL(file);
    element("a", { href: url, download: `${name().replaceAll(/[^\p{L}\p{N}_.-]+/gu, "-")}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  });
  return button;
}
