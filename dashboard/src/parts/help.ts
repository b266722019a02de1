// What the keyboard does and what a URL may say, over the page while somebody asks for it.

import { element } from "../dom.ts";
import { SORTS } from "../view/address.ts";

type Lines = readonly (readonly [string, string])[];

const KEYS: Lines = [
  ["1 2 3 4", "window: 10 s, 1 m, 5 m, 1 h"],
  ["w", "wallboard, and back"],
  ["h", "history of alerts"],
  ["t", "light, dark, or as the system is"],
  ["/", "search by name or id"],
  ["?", "this help"],
  ["Esc", "one step back: help, search, wallboard, group"],
];

const PARAMETERS: Lines = [
  ["window=5m", "10s, 1m, 5m or 1h"],
  ["by=deployment", "queue, deployment or direction"],
  ["group=ID", "one queue or deployment, by its id"],
  ["sort=open", `${SORTS.slice(0, -1).join(", ")} or ${SORTS.at(-1)}`],
  ["reverse=1", "the other way round"],
  ["search=TEXT", "names and ids that hold the text"],
  ["list=awaiting", "the sessions whose guest waits for a reply, instead of the longest open"],
  ["theme=dark", "auto, light or dark"],
  ["history=1", "the latest changes of alerts"],
  ["wall", "wallboard"],
  ["rotate=30s", "with wall: the next view after so long, from 5s to 60m"],
  ["views=…", "with rotate: the views, separated by commas; queue,deployment without it"],
];

const VIEWS: Lines = [
  ["queue", "all queues; so too deployment and direction"],
  ["queue:ID", "one queue by its id; in it write , : @ and % as %2C %3A %40 and %25"],
  ["queue@5m", "over that window; both: queue:ID@5m"],
];

const EXAMPLE = "?wall&rotate=30s&views=queue,deployment,queue:sales@5m";

export class Help {
  readonly #dialog: HTMLDialogElement;

  constructor() {
    const close = element("button", { type: "button", class: "save" }, "Close");
    close.addEventListener("click", () => this.toggle());
    this.#dialog = element(
      "dialog",
      { id: "help", class: "help", "aria-labelledby": "help-title" },
      element("header", {}, element("h2", { id: "help-title" }, "Help"), close),
      element(
        "div",
        { class: "columns" },
        element("section", {}, element("h3", {}, "Keys"), list(KEYS, "kbd")),
        element(
          "section",
          {},
          element("h3", {}, "What the URL may say, after ? and separated by &"),
          list(PARAMETERS, "code"),
          element("h3", {}, "Views of a wallboard that changes"),
          list(VIEWS, "code"),
          element("p", {}, "Example: ", element("code", {}, EXAMPLE)),
          element("p", {}, "A touch or a key stops the change for a minute."),
        ),
      ),
    );
    document.body.append(this.#dialog);
  }

  /** Opens the help, or closes it. */
  toggle(): void {
    if (this.#dialog.open) {
      this.#dialog.close();
    } else {
      this.#dialog.showModal();
    }
  }
}

function list(lines: Lines, tag: "kbd" | "code"): HTMLElement {
  const items = lines.flatMap(([what, words]) => [element("dt", {}, element(tag, {}, what)), element("dd", {}, words)]);
  return element("dl", {}, ...items);
}
