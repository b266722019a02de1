// The two subscriptions behind the page: started for a view, changed with it, paused while nobody
// can see the page. Each first answer is the present state, so coming back needs nothing else.

import type { Choice } from "../view/choice.ts";
import { serialise, type View } from "../view/address.ts";
import type { Details, Figures } from "./answers.ts";
import { Connection, type Link } from "./connection.ts";
import { DETAILS, FIGURES, detailsOf, figuresOf } from "./questions.ts";

/** What is known at present. Only the latest answers are kept, so memory does not grow. */
export interface Known {
  figures: Figures | undefined;
  details: Details | undefined;
  /** The view that `details` were asked for. */
  detailsView: View | undefined;
  link: Link;
  /** Monotonic time of the latest figures, in milliseconds. */
  heardAt: number | undefined;
  /** What the server says against the page's questions. */
  refusal: string | undefined;
}

export class Feed {
  readonly known: Known = {
    figures: undefined,
    details: undefined,
    detailsView: undefined,
    link: { state: "connecting" },
    heardAt: undefined,
    refusal: undefined,
  };
  readonly #connection: Connection;
  readonly #choice: Choice;
  readonly #onNews: () => void;
  #stops: (() => void)[] = [];

  constructor(choice: Choice, onNews: () => void) {
    this.#choice = choice;
    this.#onNews = onNews;
    this.#connection = new Connection(
      (link) => {
        this.known.link = link;
        onNews();
      },
      () => this.#restart(),
    );
    choice.onChange((view, before) => {
      // What only changes the looks asks nothing new.
      const asked = ({ window, by, group, sort }: View): string =>
        serialise({ ...view, window, by, group, sort });
      if (asked(view) !== asked(before)) {
        this.#restart();
      }
      onNews();
    });
    document.addEventListener("visibilitychange", () => this.#restart());
    this.#restart();
  }

  #restart(): void {
    const { known } = this;
    for (const stop of this.#stops.splice(0)) {
      stop();
    }
    if (document.hidden) {
      return;
    }
    const { view } = this.#choice;
    const refused = (why: string): void => {
      known.refusal = why;
      this.#onNews();
    };
    known.refusal = undefined;
    this.#stops = [
      this.#connection.subscribe<Figures>(
        FIGURES,
        figuresOf(view),
        (answer) => {
          known.figures = answer;
          known.heardAt = performance.now();
          this.#onNews();
        },
        refused,
      ),
      this.#connection.subscribe<Details>(
        DETAILS,
        detailsOf(view),
        (answer) => {
          known.details = answer;
          known.detailsView = view;
          this.#onNews();
        },
        refused,
      ),
    ];
  }
}
