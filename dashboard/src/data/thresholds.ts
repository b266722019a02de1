// Which alert rules speak of a figure, and how a figure says so: by colour, by shape and in words.

import { duration, number } from "../format.ts";
import type { Alert, Phase } from "./answers.ts";

/** How a phase is shown. The shape carries what the colour does for those who do not see it. */
export const PHASES: Readonly<Record<Phase, { readonly shape: string; readonly word: string }>> = {
  OK: { shape: "●", word: "ok" },
  PENDING: { shape: "◆", word: "pending" },
  FIRING: { shape: "▲", word: "firing" },
};

const ORDER: readonly Phase[] = ["OK", "PENDING", "FIRING"];

/** Where a figure is to be found among the rules. */
export interface Place {
  /** Names of the metric in the settings. */
  readonly metrics: readonly string[];
  /** The window shown; rules of other windows are of another figure. */
  readonly windowMs: number;
  /** The dimension and the name of the group shown; none for the total. */
  readonly group: { readonly by: string; readonly name: string } | undefined;
}

/** The rules of a figure, worst first. A rule without a window holds for every one. */
export function rulesOf(alerts: readonly Alert[], place: Place): Alert[] {
  return alerts
    .filter((alert) => {
      const isMetric = place.metrics.includes(alert.metric);
      const isWindow = alert.windowMs === null || alert.windowMs === place.windowMs;
      const isGroup =
        place.group === undefined
          ? alert.group === null
          : alert.by === place.group.by && alert.group === place.group.name;
      return isMetric && isWindow && isGroup;
    })
    .sort((a, b) => ORDER.indexOf(b.phase) - ORDER.indexOf(a.phase));
}

/** The worst phase of some rules; none without rules. */
export function worst(alerts: readonly Alert[]): Phase | undefined {
  return ORDER.findLast((phase) => alerts.some((alert) => alert.phase === phase));
}

/** The good side of a rule's threshold: what the figure should be. */
export function target(alert: Alert, isDuration: boolean): string {
  const sign = alert.comparison === "ABOVE" ? "≤" : "≥";
  return `${sign} ${isDuration ? duration(alert.threshold) : number(alert.threshold)}`;
}

/** A rule in one line. */
export function sentence(alert: Alert, isDuration: boolean): string {
  const { shape, word } = PHASES[alert.phase];
  const window = alert.windowMs === null ? "" : ` over ${duration(alert.windowMs)}`;
  const group = alert.group === null ? "" : ` of ${alert.group}`;
  return `${shape} ${alert.name}: ${word}; ${alert.metric}${group}${window} ${target(alert, isDuration)}`;
}
