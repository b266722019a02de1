// How fresh the page is: our own socket, the engine's stream, the moment of the numbers, their lag.

import type { Figures } from "../data/answers.ts";
import type { Known } from "../data/feed.ts";
import { element, setAttribute, setText } from "../dom.ts";
import { NONE, clock, duration } from "../format.ts";
import { define, definition } from "./definition.ts";

/** Figures come twice a second; older than this they are stale. */
const STALE_MS = 3_000;

type Mood = "good" | "warn" | "bad";

const SHAPES: Readonly<Record<Mood, string>> = { good: "●", warn: "◆", bad: "▲" };

interface Chip {
  readonly root: HTMLElement;
  readonly value: HTMLElement;
}

export class Freshness {
  readonly #link: Chip;
  readonly #stream: Chip;
  readonly #asOf: Chip;
  readonly #lag: Chip;

  constructor(place: HTMLElement) {
    this.#link = chip("page", "Whether this page hears from the server.");
    this.#stream = chip("stream", `The engine's connection to the event stream. ${definition("Stream.state")}`);
    this.#asOf = chip("as of", `${definition("Metrics.asOf")}.`);
    this.#lag = chip("lag", definition("Stream.lagMs"));
    place.append(...[this.#link, this.#stream, this.#asOf, this.#lag].map(({ root }) => root));
  }

  /** `now` is monotonic, in milliseconds. Returns whether the numbers are stale. */
  draw(known: Known, now: number): boolean {
    const age = known.heardAt === undefined ? undefined : now - known.heardAt;
    const isStale = age === undefined || age > STALE_MS;
    this.#drawLink(known, age, isStale);
    const { figures } = known;
    if (figures !== undefined) {
      this.#drawStream(figures, isStale);
      say(this.#asOf, isStale ? "bad" : "good", clock(figures.realTimeMetrics.asOfMs, true));
      const { lagMs } = figures.stream;
      const isSlow = lagMs !== null && Math.abs(lagMs) > 5_000;
      say(this.#lag, isSlow ? "warn" : "good", lagMs === null ? NONE : duration(lagMs));
    }
    return isStale;
  }

  #drawLink({ link }: Known, age: number | undefined, isStale: boolean): void {
    const old = age === undefined ? "no data yet" : `data ${duration(Math.floor(age / 1_000) * 1_000)} old`;
    if (link.state === "waiting") {
      say(this.#link, "bad", `reconnecting, ${old}`);
    } else if (link.state === "connecting") {
      say(this.#link, "warn", `connecting, ${old}`);
    } else if (isStale) {
      say(this.#link, "warn", `connected, ${old}`);
    } else {
      say(this.#link, "good", "connected");
    }
  }

  #drawStream({ stream }: Figures, isStale: boolean): void {
    const words = stream.state.toLowerCase().replaceAll("_", " ");
    const isLive = stream.state === "LIVE";
    const mood = isLive ? (isStale ? "warn" : "good") : "bad";
    say(this.#stream, mood, isLive || stream.lastError === null ? words : `${words}: ${stream.lastError}`);
  }
}

function chip(label: string, note: string): Chip {
  const value = element("span", { class: "value" }, NONE);
  const root = element(
    "span",
    { class: "chip", role: "group", "aria-label": label },
    element("span", { class: "label", "aria-hidden": "true" }, label),
    value,
  );
  define(root, note);
  return { root, value };
}

function say({ root, value }: Chip, mood: Mood, text: string): void {
  setAttribute(root, "data-mood", mood);
  setText(value, `${SHAPES[mood]} ${text}`);
}
