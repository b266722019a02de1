// The subscriptions behind the page: started for a view and changed with it. While nobody can see
// the page the figures alone come, every few seconds: its title and its icon still say how things
// are. Each first answer is the present state, so coming back needs nothing else.

import type { Choice } from "../view/choice.ts";
import { serialise, type View } from "../view/address.ts";
import type { Details, Figures, History } from "./answers.ts";
import { present, type Moment } from "./health.ts";
import { Connection, type Link } from "./connection.ts";
import { DETAILS, FIGURES, FIGURES_MS, HIDDEN_MS, HISTORY, HISTORY_MS, detailsOf, figuresOf } from "./questions.ts";

/** How long a search rests before it is asked for, in milliseconds. */
const TYPING_MS = 200;

/** What is known at present. Only the latest answers are kept, so memory does not grow. */
export interface Known {
  figures: Figures | undefined;
  details: Details | undefined;
  /** The view that `details` were asked for. */
  detailsView: View | undefined;
  /** The latest changes of alerts, while they are looked at. */
  history: History | undefined;
  link: Link;
  /** When the latest figures came; none before the first. */
  heardAt: Moment | undefined;
  /** What the server says against the page's questions. */
  refusal: string | undefined;
}

export class Feed {
  readonly known: Known = {
    figures: undefined,
    details: undefined,
    detailsView: undefined,
    history: undefined,
    link: { state: "connecting" },
    heardAt: undefined,
    refusal: undefined,
  };
  readonly #connection: Connection;
  readonly #choice: Choice;
  readonly #onNews: () => void;
  #stops: (() => void)[] = [];
  #typed: ReturnType<typeof setTimeout> | undefined;

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
      const asked = ({ window, by, group, kind, sort, reverse, search, silent, list, history, wall }: View): string =>
        serialise({ ...view, window, by, group, kind, sort, reverse, search, silent, list, history: history && !wall, wall });
      clearTimeout(this.#typed);
      if (asked({ ...view, search: before.search }) !== asked(before)) {
        this.#restart();
      } else if (view.search !== before.search) {
        // A word is asked for, not each of its letters.
        this.#typed = setTimeout(() => this.#restart(), TYPING_MS);
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
    const { view } = this.#choice;
    const refused = (why: string): void => {
      known.refusal = why;
      this.#onNews();
    };
    known.refusal = undefined;
    this.#stops = [
      this.#connection.subscribe<Figures>(
        FIGURES,
        figuresOf(view, document.hidden ? HIDDEN_MS : FIGURES_MS),
        (answer) => {
          known.figures = answer;
          known.heardAt = present();
          this.#onNews();
        },
        refused,
      ),
    ];
    if (document.hidden) {
      return;
    }
    this.#stops.push(
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
    );
    if (!view.history || view.wall) {
      known.history = undefined;
      return;
    }
    this.#stops.push(
      this.#connection.subscribe<History>(
        HISTORY,
        { interval: HISTORY_MS },
        (answer) => {
          known.history = answer;
          this.#onNews();
        },
        refused,
      ),
    );
  }
}
