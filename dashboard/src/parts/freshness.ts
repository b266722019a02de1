// How fresh the page is: our own socket, the engine's stream, the moment of the numbers, their lag;
// and a line over everything when the numbers are not of the present.

import type { Figures } from "../data/answers.ts";
import type { Known } from "../data/feed.ts";
import { wordsOf, type Health } from "../data/health.ts";
import { element, setAttribute, setText } from "../dom.ts";
import { NONE, clock, duration } from "../format.ts";
import { define, definition } from "./definition.ts";

/** A lag that is worth a look, in milliseconds. */
const SLOW_MS = 5_000;

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
  readonly #banner = element("p", { class: "old", hidden: true });

  constructor(place: HTMLElement) {
    this.#link = chip("page", "Whether this page hears from the server.");
    this.#stream = chip("stream", `The engine's connection to the event stream. ${definition("Stream.state")}`);
    this.#asOf = chip("as of", `${definition("Metrics.asOf")}.`);
    this.#lag = chip("lag", definition("Stream.lagMs"));
    place.append(...[this.#link, this.#stream, this.#asOf, this.#lag].map(({ root }) => root));
    place.closest("header")?.after(this.#banner);
  }

  draw(known: Known, health: Health): void {
    const isSilent = health.kind === "silent" || health.kind === "waiting";
    this.#banner.hidden = health.kind === "fresh" || health.kind === "waiting";
    setText(this.#banner, `▲ ${wordsOf(health)}`);
    this.#drawLink(known, health);
    const { figures } = known;
    if (figures !== undefined) {
      this.#drawStream(figures, isSilent);
      say(this.#asOf, isSilent ? "bad" : "good", clock(figures.realTimeMetrics.asOfMs, true));
      const { lagMs } = figures.stream;
      const isSlow = lagMs !== null && Math.abs(lagMs) > SLOW_MS;
      say(this.#lag, isSlow || isSilent ? "warn" : "good", lagMs === null ? NONE : duration(lagMs));
    }
  }

  #drawLink({ link }: Known, health: Health): void {
    const old =
      health.kind === "silent" ? `data ${duration(Math.floor(health.ageMs / 1_000) * 1_000)} old` : "no data yet";
    if (health.kind === "fresh" || health.kind === "down") {
      say(this.#link, "good", "connected");
    } else if (link.state === "waiting") {
      say(this.#link, "bad", `reconnecting, ${old}`);
    } else {
      say(this.#link, "warn", `${link.state}, ${old}`);
    }
  }

  #drawStream({ stream }: Figures, isSilent: boolean): void {
    const words = stream.state.toLowerCase().replaceAll("_", " ");
    if (isSilent) {
      // What it was says nothing of what it is.
      say(this.#stream, "warn", `not known, was ${words}`);
      return;
    }
    const isLive = stream.state === "LIVE";
    say(this.#stream, isLive ? "good" : "bad", isLive || stream.lastError === null ? words : `${words}: ${stream.lastError}`);
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
