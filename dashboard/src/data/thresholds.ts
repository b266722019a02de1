// Which alert rules speak of a figure, and how a figure says so: by colour, by shape and in words.

import { NONE, duration, number, percent } from "../format.ts";
import type { Alert, AlertChange, Phase } from "./answers.ts";
import { metricOf } from "./metrics.ts";

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

/** Whether a metric's values are durations. */
export function isDuration(metric: string): boolean {
  return metricOf(metric)?.unit === "ms";
}

/** A value in its metric's unit. */
export function reading(metric: string, value: number | null): string {
  if (metricOf(metric)?.unit === "share") {
    return value === null ? NONE : percent(value, 1);
  }
  return isDuration(metric) ? duration(value) : number(value);
}

/** Half minutes are not worth reading: `12 s`, `3 min`, `2 h 05 min`. */
function span(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) {
    return `${Math.max(0, Math.floor(ms / 1_000))} s`;
  }
  const rest = String(minutes % 60).padStart(2, "0");
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${rest} min`;
}

/** A name that runs from right to left, or turns the direction round, keeps that to itself. */
export function apart(name: string): string {
  return /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufefc]/.test(name) ? `\u2068${name}\u2069` : name;
}

/** An alert as somebody would say it: `sales: 2,045 messages a minute, limit 500, for 3 min`. */
export function inWords(alert: Alert, asOfMs: number): string {
  return `${whose(alert)}: ${because(alert, asOfMs)}`;
}

/** Of what an alert is: its group as people read it, or its own name. */
export function whose({ groupDisplayName, group, name }: Pick<Alert, "groupDisplayName" | "group" | "name">): string {
  return apart(groupDisplayName ?? group ?? name);
}

/** The same where the name is shown next to it. */
export function because(alert: Alert, asOfMs: number): string {
  const { phase, since } = alert;
  const time = phase === "OK" ? "" : `, for ${span(asOfMs - Date.parse(since))}`;
  const pending = phase === "PENDING" ? ", not firing yet" : "";
  return `${againstLimit(alert)}${time}${pending}`;
}

/** What a rule reads and what it should: `2,045 messages a minute, limit 500`. */
function againstLimit({ metric, value, threshold, comparison }: Pick<Alert, "metric" | "value" | "threshold" | "comparison">): string {
  const what =
    value === null
      ? "no value"
      : (metricOf(metric)?.words ?? `# ${metric}`).replace("#", () => reading(metric, value));
  return `${what}, ${comparison === "ABOVE" ? "limit" : "at least"} ${reading(metric, threshold)}`;
}

const ENDINGS: Readonly<Record<NonNullable<AlertChange["ending"]>, string>> = {
  CLEARED: "",
  RULE_REMOVED: "; its rule was removed",
  RULE_CHANGED: "; its rule was changed",
};

/** A change in the past: `sales: 320 messages a minute, limit 500, after 3 min`. */
export function changeInWords(change: AlertChange): string {
  const { ending, lastedMs } = change;
  const after = lastedMs === null ? "" : `, after ${span(lastedMs)}`;
  return `${whose(change)}: ${againstLimit(change)}${after}${ending === null ? "" : ENDINGS[ending]}`;
}

/** What tells an alert from every other, whatever it reads. */
export function keyOf({ name, by, group, metric, windowMs }: Alert): string {
  return JSON.stringify([name, by, group, metric, windowMs]);
}

/** Alerts in the order in which they are looked at: firing before pending before ok, in each those of
    the total first, then the one that is furthest past its limit. */
export function urgent(alerts: readonly Alert[]): Alert[] {
  return alerts.toSorted(
    (a, b) =>
      ORDER.indexOf(b.phase) - ORDER.indexOf(a.phase) ||
      Number(a.group !== null) - Number(b.group !== null) ||
      excess(b) - excess(a),
  );
}

/** How many times its threshold an alert's value is, on the bad side. */
export function excess({ value, threshold, comparison }: Alert): number {
  if (value === null || threshold === 0) {
    return 0;
  }
  return comparison === "ABOVE" ? value / threshold : threshold / Math.max(value, threshold / 1_000);
}
