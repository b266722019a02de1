// The two subscriptions of the page, and their variables for a view.

import { dimensionOf, windowOf, type Sort, type View } from "../view/address.ts";

const WINDOW = `fragment Numbers on Window {
  windowMs coverageMs complete activeSessions messagesPerMinute connectionsPerMinute
  disconnectionsPerMinute avgSessionDurationMs durations { p50Ms p90Ms p99Ms }
}`;

/** Twice a second: the figures, freshness, counters, alerts. */
export const FIGURES = `subscription Figures($by: GroupBy!, $group: String, $one: Boolean!, $window: GroupWindow!) {
  live(intervalMs: 500) {
    engine {
      version engineId uptimeMs ringDepth ringCapacity ringHighWater sessionsTracked snapshotSequence
      notReady
    }
    realTimeMetrics {
      asOfMs openSessions openUncertain totalConnectionsExact countersSinceMs windows { ...Numbers }
    }
    groups(by: $by, name: $group, window: $window, first: 1) @include(if: $one) {
      items { name kind openSessions window { ...Numbers } }
    }
    stream { state reconnects lagMs lastError gapsTotal gaps(last: 100) { start end cause } }
    counters { received applied late duplicates rejected { total } shed future }
    alerts {
      items { name metric windowMs by group comparison threshold forMs phase since value }
    }
  }
}
${WINDOW}`;

/** Once a second: charts, groups, sessions, latencies. */
export const DETAILS = `subscription Details(
  $interval: Int!, $by: GroupBy!, $chartBy: GroupBy, $group: String, $last: Int!, $step: Int!,
  $all: Boolean!, $order: GroupOrder!, $window: GroupWindow!,
  $first: Int!, $filter: SessionFilter
) {
  live(intervalMs: $interval) {
    realTimeMetrics { asOfMs }
    messages: timeSeries(metric: MESSAGES, by: $chartBy, name: $group, last: $last, step: $step) { ...Steps }
    connections: timeSeries(metric: CONNECTIONS, by: $chartBy, name: $group, last: $last, step: $step) { ...Steps }
    disconnections: timeSeries(metric: DISCONNECTIONS, by: $chartBy, name: $group, last: $last, step: $step) { ...Steps }
    open: timeSeries(metric: OPEN_SESSIONS, by: $chartBy, name: $group, last: $last, step: $step) { ...Steps }
    active: timeSeries(metric: ACTIVE_SESSIONS, last: $last, step: $step) @include(if: $all) { ...Steps }
    p50: timeSeries(metric: DURATION_P50, last: $last, step: $step) { ...Steps }
    p90: timeSeries(metric: DURATION_P90, last: $last, step: $step) { ...Steps }
    p99: timeSeries(metric: DURATION_P99, last: $last, step: $step) { ...Steps }
    trends: timeSeries(metric: MESSAGES, by: $by, last: 300, step: 10, first: 50) { ...Steps }
    groups(by: $by, orderBy: $order, first: $first, window: $window) {
      count capacity overflowed items { name kind openSessions window { ...Numbers } }
    }
    sessions(first: 20, filter: $filter) {
      items { id connectedAtMs openMs lastSeen messages queue deployment }
    }
    latency { stage lastMinute { count p50Ms p99Ms p999Ms maxMs } }
  }
}
fragment Steps on Series { name startMs stepMs values }
${WINDOW}`;

/** Groups shown in the table at most. */
export const GROUPS_SHOWN = 100;

/** Seconds that the engine keeps of a group's series. */
const GROUP_CHART_S = 300;

const ORDERS: Readonly<Record<Sort, string>> = {
  messages: "MESSAGES",
  name: "NAME",
  active: "ACTIVE_SESSIONS",
  open: "OPEN_SESSIONS",
  connections: "CONNECTIONS",
  disconnections: "DISCONNECTIONS",
  duration: "DURATION",
};

type Variables = Readonly<Record<string, unknown>>;

export function figuresOf(view: View): Variables {
  return {
    by: dimensionOf(view).by,
    group: view.group ?? null,
    one: view.group !== undefined,
    window: windowOf(view).group,
  };
}

export function detailsOf(view: View): Variables {
  const { by } = dimensionOf(view);
  const { chartS, stepS, group: window } = windowOf(view);
  const all = view.group === undefined;
  const isShort = !all && chartS > GROUP_CHART_S;
  return {
    // A step of the long charts takes longer than this anyway.
    interval: stepS > 1 ? 2_000 : 1_000,
    by,
    chartBy: all ? null : by,
    group: view.group ?? null,
    last: isShort ? GROUP_CHART_S : chartS,
    step: isShort ? 1 : stepS,
    all,
    order: ORDERS[view.sort],
    window,
    first: GROUPS_SHOWN,
    filter: filterOf(view),
  };
}

function filterOf(view: View): Variables | null {
  if (view.group === undefined) {
    return null;
  }
  return view.by === "queue" ? { queue: view.group } : { deployment: view.group };
}
