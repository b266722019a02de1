// The large current figures: value, target where a rule sets one, and what to know before the value is
// believed. Open sessions and the durations of ended ones lead; what is of the sessions that connected
// inside the window only stands last, and small.

import type { Alert, Figures, WindowNumbers } from "../data/answers.ts";
import { CARD_METRICS, metricOf, read, type CardMetric } from "../data/metrics.ts";
import { PHASES, inWords, isDuration, rulesOf, target, worst } from "../data/thresholds.ts";
import { element, setAttribute, setText } from "../dom.ts";
import { NONE, clock, duration, number, percent } from "../format.ts";
import { dimensionOf, isOf, windowOf, type View } from "../view/address.ts";
import { Fit } from "../view/fit.ts";
import { define, definition } from "./definition.ts";

export interface Shown {
  /** What the numbers of no window are read from. */
  readonly now: object | undefined;
  readonly window: WindowNumbers | undefined;
  readonly openSessions: number | undefined;
  readonly openUncertain: number | undefined;
  /** Since when open sessions are known; none once that is long enough ago. */
  readonly openSinceMs: number | undefined;
  /** What people read for the chosen group; none for all. */
  readonly name: string | undefined;
}

/** What is said of a figure: of open sessions also what may be missing or over. */
function noteOf({ name, definition: what }: CardMetric): string {
  const more = ` Uncertain: ${metricOf("openUncertain")?.definition} Since: ${definition("Metrics.openSince")}`;
  return name === "openSessions" ? `${what}${more}` : what;
}

interface Card {
  readonly metric: CardMetric;
  readonly root: HTMLElement;
  readonly label: HTMLElement;
  readonly value: HTMLElement;
  readonly target: HTMLElement;
  readonly caution: HTMLElement;
}

export class FigureCards {
  readonly #place: HTMLElement;
  readonly #cards: Card[];
  readonly #coverage: HTMLElement;
  readonly #fit = new Fit();

  constructor(place: HTMLElement) {
    this.#place = place;
    this.#cards = CARD_METRICS.map((metric) => {
      const { key, lesser } = metric.card;
      const label = element("span", { class: "label", id: `label-${key}` });
      const value = element("span", { class: "value" }, NONE);
      const aim = element("span", { class: "target" });
      const caution = element("span", { class: "caution" });
      const root = element(
        "div",
        {
          class: lesser ? "figure lesser" : "figure",
          role: "group",
          "aria-labelledby": label.id,
          "data-figure": key,
        },
        label,
        value,
        element("span", { class: "notes" }, aim, caution),
      );
      define(root, noteOf(metric));
      return { metric, root, label, value, target: aim, caution };
    });
    this.#coverage = element("p", { class: "coverage", hidden: true });
    place.append(...this.#cards.map(({ root }) => root));
    place.after(this.#coverage);
  }

  draw(figures: Figures, view: View): void {
    const { ms, label: length } = windowOf(view);
    const shown = shownOf(figures, view);
    const partly = partlyOf(shown.window, length);
    const group = view.group === undefined ? undefined : { by: dimensionOf(view).by, name: view.group };
    for (const { metric, root, label, value, target, caution } of this.#cards) {
      const { name, unit, path, scope, card } = metric;
      const now = read(scope === "now" ? shown.now : shown.window, path);
      setText(label, card.label.replace("#", length.replace(" ", "\u00a0")));
      setText(value, unit === "ms" ? duration(now) : number(now));
      const rules = rulesOf(figures.alerts.items, { metrics: [name], windowMs: ms, group });
      drawTarget(root, target, rules, figures.realTimeMetrics.asOfMs);
      setText(caution, name === "openSessions" ? doubtsOf(shown) : scope === "window" ? partly : "");
    }
    const caution = cautionOf(shown.window, length, shown.name);
    this.#coverage.hidden = caution === "";
    setText(this.#coverage, caution);
    this.#fit.draw(
      this.#place,
      this.#cards.flatMap(({ metric, value }) => (metric.card.lesser || value.offsetParent === null ? [] : [value])),
    );
  }
}

/** Beside the rates of a window of which only a part is known; empty where all is. */
export function partlyOf(window: WindowNumbers | undefined, length: string): string {
  return window === undefined || window.complete
    ? ""
    : `◆ ${percent(window.coverageMs, window.windowMs)} of ${length} known`;
}

/** Beside the open sessions, when some may have ended unseen, or have begun before anything was seen. */
export function doubtsOf({ openUncertain, openSinceMs }: Shown): string {
  const since = openSinceMs === undefined ? "" : `◆\u00a0since\u00a0${moment(openSinceMs)}`;
  return [uncertainOf(openUncertain), since].filter((text) => text !== "").join(" ");
}

/** What is said of open sessions that may have ended in a gap; empty when there are none. */
export function uncertainOf(openUncertain: number | undefined): string {
  return openUncertain === undefined || openUncertain === 0 ? "" : `◆\u00a0${number(openUncertain)} uncertain`;
}

/** The time of the day, and the day unless it is today. */
function moment(ms: number): string {
  const time = clock(ms, false).slice(0, 5);
  const isToday = new Date(ms).toDateString() === new Date().toDateString();
  return isToday ? time : `${new Date(ms).toLocaleDateString(undefined, { month: "short", day: "numeric" })} ${time}`;
}

/** What to know before a window's numbers are believed; empty when there is nothing. */
export function cautionOf(window: WindowNumbers | undefined, length: string, group: string | undefined): string {
  if (window === undefined) {
    return group === undefined
      ? `◆ The server keeps no window of ${length}; its setting “windows” names those it keeps.`
      : `◆ Nothing is known of ${group} at present.`;
  }
  if (window.complete) {
    return "";
  }
  const live = percent(window.coverageMs, window.windowMs);
  return `◆ The stream was live for ${live} of the last ${length}: numbers of this window may be too low.`;
}

/** The numbers that a view is of. */
export function shownOf(figures: Figures, view: View): Shown {
  const { openSinceMs: since, openComplete } = figures.realTimeMetrics;
  const openSinceMs = openComplete || since === null ? undefined : since;
  if (view.group !== undefined) {
    const group = figures.groups?.items.find((each) => isOf(view, each));
    const name = group?.displayName ?? nameOf(figures, view);
    return { now: group, window: group?.window, openSessions: group?.openSessions, openUncertain: group?.openUncertain, openSinceMs, name };
  }
  const { ms } = windowOf(view);
  const now = figures.realTimeMetrics;
  const { windows, openSessions, openUncertain } = now;
  const window = windows.find(({ windowMs }) => windowMs === ms);
  return { now, window, openSessions, openUncertain, openSinceMs, name: undefined };
}

/** What people read for a chosen group that has nothing to show: as its alerts have it, else its id. */
function nameOf({ alerts }: Figures, view: View): string | undefined {
  const { by } = dimensionOf(view);
  const alert = alerts.items.find((each) => each.by === by && each.group === view.group);
  return alert?.groupDisplayName ?? view.group;
}

function drawTarget(root: HTMLElement, place: HTMLElement, rules: readonly Alert[], asOfMs: number): void {
  const phase = worst(rules);
  setAttribute(root, "data-phase", phase);
  const [rule] = rules;
  if (phase === undefined || rule === undefined) {
    setText(place, "");
    setAttribute(place, "title", undefined);
    return;
  }
  const { shape, word } = PHASES[phase];
  const aim = target(rule, isDuration(rule.metric));
  setText(place, `${shape} ${phase === "OK" ? "target" : `${word}:`} ${aim}`);
  setAttribute(place, "title", rules.map((each) => inWords(each, asOfMs)).join("\n"));
}
