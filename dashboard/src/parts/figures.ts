// The large current figures: value, target where a rule sets one, and how far the window is covered.

import type { Alert, Figures, WindowNumbers } from "../data/answers.ts";
import { PHASES, rulesOf, sentence, target, worst } from "../data/thresholds.ts";
import { element, setAttribute, setText } from "../dom.ts";
import { NONE, duration, number, percent } from "../format.ts";
import { dimensionOf, windowOf, type View } from "../view/address.ts";
import { define, definition } from "./definition.ts";

interface Shown {
  readonly window: WindowNumbers | undefined;
  readonly openSessions: number | undefined;
}

interface Kind {
  readonly key: string;
  readonly label: string;
  readonly definition: string;
  readonly isDuration: boolean;
  /** Names of the metric in the settings of alerts. */
  readonly metrics: readonly string[];
  readonly value: (shown: Shown) => number | null | undefined;
}

const KINDS: readonly Kind[] = [
  {
    key: "active",
    label: "Active sessions",
    definition: definition("Window.activeSessions"),
    isDuration: false,
    metrics: ["activeSessions"],
    value: ({ window }) => window?.activeSessions,
  },
  {
    key: "open",
    label: "Open sessions",
    definition: definition("Metrics.openSessions"),
    isDuration: false,
    metrics: ["openSessions"],
    value: ({ openSessions }) => openSessions,
  },
  {
    key: "messages",
    label: "Messages / min",
    definition: definition("Window.messagesPerMinute"),
    isDuration: false,
    metrics: ["messagesPerMinute"],
    value: ({ window }) => window?.messagesPerMinute,
  },
  {
    key: "connections",
    label: "Connections / min",
    definition: definition("Window.connectionsPerMinute"),
    isDuration: false,
    metrics: ["connectionsPerMinute"],
    value: ({ window }) => window?.connectionsPerMinute,
  },
  {
    key: "disconnections",
    label: "Disconnections / min",
    definition: definition("Window.disconnectionsPerMinute"),
    isDuration: false,
    metrics: ["disconnectionsPerMinute"],
    value: ({ window }) => window?.disconnectionsPerMinute,
  },
  {
    key: "average",
    label: "Average duration",
    definition: `${definition("Window.avgSessionDurationMs")}.`,
    isDuration: true,
    metrics: ["avgSessionDurationMs"],
    value: ({ window }) => window?.avgSessionDurationMs,
  },
  {
    key: "p90",
    label: "p90 duration",
    definition: `${definition("Window.durations")}. ${definition("Durations.p90Ms")}.`,
    isDuration: true,
    metrics: ["p90Ms", "durations.p90Ms", "durationP90Ms"],
    value: ({ window }) => window?.durations?.p90Ms,
  },
];

interface Card {
  readonly kind: Kind;
  readonly root: HTMLElement;
  readonly value: HTMLElement;
  readonly target: HTMLElement;
}

export class FigureCards {
  readonly #cards: Card[];
  readonly #coverage: HTMLElement;

  constructor(place: HTMLElement) {
    this.#cards = KINDS.map((kind) => {
      const label = element("span", { class: "label", id: `label-${kind.key}` }, kind.label);
      const value = element("span", { class: "value" }, NONE);
      const aim = element("span", { class: "target" });
      const root = element(
        "div",
        { class: "figure", role: "group", "aria-labelledby": label.id, "data-figure": kind.key },
        label,
        value,
        aim,
      );
      define(root, kind.definition);
      return { kind, root, value, target: aim };
    });
    this.#coverage = element("p", { class: "coverage", hidden: true });
    place.append(...this.#cards.map(({ root }) => root));
    place.after(this.#coverage);
  }

  draw(figures: Figures, view: View): void {
    const { ms, label } = windowOf(view);
    const shown = shownOf(figures, view);
    for (const { kind, root, value, target } of this.#cards) {
      const now = kind.value(shown);
      setText(value, kind.isDuration ? duration(now) : number(now));
      const group =
        view.group === undefined ? undefined : { by: dimensionOf(view).by, name: view.group };
      const rules = rulesOf(figures.alerts.items, { metrics: kind.metrics, windowMs: ms, group });
      drawTarget(root, target, rules, kind.isDuration);
    }
    const caution = cautionOf(shown.window, label, view.group);
    this.#coverage.hidden = caution === "";
    setText(this.#coverage, caution);
  }
}

/** What to know before a window's numbers are believed; empty when there is nothing. */
export function cautionOf(window: WindowNumbers | undefined, label: string, group: string | undefined): string {
  if (window === undefined) {
    return group === undefined
      ? `◆ The server keeps no window of ${label}; its setting “windows” names those it keeps.`
      : `◆ Nothing is known of ${group} at present.`;
  }
  if (window.complete) {
    return "";
  }
  const live = percent(window.coverageMs, window.windowMs);
  return `◆ The stream was live for ${live} of the last ${label}: numbers of this window may be too low.`;
}

/** The numbers that a view is of. */
export function shownOf(figures: Figures, view: View): Shown {
  if (view.group !== undefined) {
    const group = figures.groups?.items.find(({ name }) => name === view.group);
    return { window: group?.window, openSessions: group?.openSessions };
  }
  const { ms } = windowOf(view);
  const { windows, openSessions } = figures.realTimeMetrics;
  return { window: windows.find(({ windowMs }) => windowMs === ms), openSessions };
}

function drawTarget(
  root: HTMLElement,
  place: HTMLElement,
  rules: readonly Alert[],
  isDuration: boolean,
): void {
  const phase = worst(rules);
  setAttribute(root, "data-phase", phase);
  const [rule] = rules;
  if (phase === undefined || rule === undefined) {
    setText(place, "");
    setAttribute(place, "title", undefined);
    return;
  }
  const { shape, word } = PHASES[phase];
  setText(place, `${shape} ${phase === "OK" ? "target" : `${word}:`} ${target(rule, isDuration)}`);
  setAttribute(place, "title", rules.map((each) => sentence(each, isDuration)).join("\n"));
}
