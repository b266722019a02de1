// The large current figures: value, target where a rule sets one, and what to know before the value is
// believed. Open sessions and the durations of ended ones lead; what is of the sessions that connected
// inside the window only stands last, and small.

import type { Alert, Figures, WindowNumbers } from "../data/answers.ts";
import { PHASES, inWords, isDuration, rulesOf, target, worst } from "../data/thresholds.ts";
import { element, setAttribute, setText } from "../dom.ts";
import { NONE, clock, duration, number, percent } from "../format.ts";
import { dimensionOf, isOf, windowOf, type View } from "../view/address.ts";
import { Fit } from "../view/fit.ts";
import { define, definition } from "./definition.ts";

export interface Shown {
  readonly window: WindowNumbers | undefined;
  readonly openSessions: number | undefined;
  readonly openUncertain: number | undefined;
  /** Since when open sessions are known; none once that is long enough ago. */
  readonly openSinceMs: number | undefined;
  /** What people read for the chosen group; none for all. */
  readonly name: string | undefined;
}

interface Kind {
  readonly key: string;
  /** `#` stands for the window; without one the figure is of no window. */
  readonly label: string;
  readonly definition: string;
  /** The metric in the settings of alerts. */
  readonly metric: string;
  readonly isLesser?: boolean;
  readonly value: (shown: Shown) => number | null | undefined;
}

const ENDED = `${definition("Window.durations")}.`;

const KINDS: readonly Kind[] = [
  {
    key: "open",
    label: "Open sessions",
    definition: `${definition("Metrics.openSessions")} Uncertain: ${definition("Group.openUncertain")} Since: ${definition("Metrics.openSince")}.`,
    metric: "openSessions",
    value: ({ openSessions }) => openSessions,
  },
  {
    key: "messages",
    label: "Messages / min, last #",
    definition: definition("Window.messagesPerMinute"),
    metric: "messagesPerMinute",
    value: ({ window }) => window?.messagesPerMinute,
  },
  {
    key: "connections",
    label: "Connections / min, last #",
    definition: definition("Window.connectionsPerMinute"),
    metric: "connectionsPerMinute",
    value: ({ window }) => window?.connectionsPerMinute,
  },
  {
    key: "disconnections",
    label: "Disconnections / min, last #",
    definition: definition("Window.disconnectionsPerMinute"),
    metric: "disconnectionsPerMinute",
    value: ({ window }) => window?.disconnectionsPerMinute,
  },
  {
    key: "median",
    label: "Median duration, ended in #",
    definition: `${ENDED} ${definition("Durations.p50Ms")}.`,
    metric: "durationP50Ms",
    value: ({ window }) => window?.durations?.p50Ms,
  },
  {
    key: "p90",
    label: "p90 duration, ended in #",
    definition: `${ENDED} ${definition("Durations.p90Ms")}.`,
    metric: "durationP90Ms",
    value: ({ window }) => window?.durations?.p90Ms,
  },
  {
    key: "active",
    label: "Active: connected in the last # and still open",
    definition: definition("Window.activeSessions"),
    metric: "activeSessions",
    isLesser: true,
    value: ({ window }) => window?.activeSessions,
  },
  {
    key: "average",
    label: "Average duration, connected and ended in the last #",
    definition: `${definition("Window.avgSessionDurationMs")}.`,
    metric: "avgSessionDurationMs",
    isLesser: true,
    value: ({ window }) => window?.avgSessionDurationMs,
  },
];

interface Card {
  readonly kind: Kind;
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
    this.#cards = KINDS.map((kind) => {
      const label = element("span", { class: "label", id: `label-${kind.key}` });
      const value = element("span", { class: "value" }, NONE);
      const aim = element("span", { class: "target" });
      const caution = element("span", { class: "caution" });
      const root = element(
        "div",
        {
          class: kind.isLesser === true ? "figure lesser" : "figure",
          role: "group",
          "aria-labelledby": label.id,
          "data-figure": kind.key,
        },
        label,
        value,
        element("span", { class: "notes" }, aim, caution),
      );
      define(root, kind.definition);
      return { kind, root, label, value, target: aim, caution };
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
    for (const { kind, root, label, value, target, caution } of this.#cards) {
      const now = kind.value(shown);
      setText(label, kind.label.replace("#", length.replace(" ", "\u00a0")));
      setText(value, isDuration(kind.metric) ? duration(now) : number(now));
      const rules = rulesOf(figures.alerts.items, { metrics: [kind.metric], windowMs: ms, group });
      drawTarget(root, target, rules, figures.realTimeMetrics.asOfMs);
      setText(caution, kind.key === "open" ? doubtsOf(shown) : partly);
    }
    const caution = cautionOf(shown.window, length, shown.name);
    this.#coverage.hidden = caution === "";
    setText(this.#coverage, caution);
    this.#fit.draw(
      this.#place,
      this.#cards.flatMap(({ kind, value }) => (kind.isLesser === true || value.offsetParent === null ? [] : [value])),
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
    return { window: group?.window, openSessions: group?.openSessions, openUncertain: group?.openUncertain, openSinceMs, name };
  }
  const { ms } = windowOf(view);
  const { windows, openSessions, openUncertain } = figures.realTimeMetrics;
  const window = windows.find(({ windowMs }) => windowMs === ms);
  return { window, openSessions, openUncertain, openSinceMs, name: undefined };
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
