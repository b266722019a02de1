// The subscriptions of the page, and their variables for a view.

import { dimensionOf, windowOf, type View } from "../view/address.ts";
import { CARD_METRICS, COLUMN_METRICS, paths, selection } from "./metrics.ts";

const WINDOW = `fragment Numbers on Window {
  windowMs coverageMs complete ${selection(paths(CARD_METRICS, "window"))}
}`;

/** What is asked of the whole and of the one group that is chosen. */
const NOW = selection([...paths(CARD_METRICS, "now"), "openUncertain"]);

/** What is asked of every row of the table of groups. */
const OF_GROUP = selection([...paths(COLUMN_METRICS, "now"), "openUncertain"]);
const OF_GROUP_WINDOW = selection(paths(COLUMN_METRICS, "window"));

/** Queues and agents on the board at most. */
const LEGS_SHOWN = 100;

/** Groups that need somebody most, of which a wall shows as many as it has room for. */
const URGENT_SHOWN = 40;

/** Twice a second, less often while hidden: the figures, freshness, counters, alerts. */
export const FIGURES = `subscription Figures(
  $interval: Int!, $by: GroupBy!, $group: String, $kind: GroupKind, $one: Boolean!, $window: GroupWindow!
) {
  live(intervalMs: $interval) {
    engine {
      version engineId uptimeMs ringDepth ringCapacity ringHighWater sessionsTracked snapshotSequence
      notReady waitLevels { awaitingWarning awaitingCritical longestWarningMs longestCriticalMs }
    }
    realTimeMetrics {
      asOfMs ${NOW} openSinceMs openComplete totalConnectionsExact countersSinceMs windows { ...Numbers }
    }
    groups(by: $by, name: $group, kind: $kind, window: $window, first: 1) @include(if: $one) {
      items { name displayName kind ${NOW} window { ...Numbers } }
    }
    stream { state reconnects lagMs lastError gapsTotal gaps(last: 100) { start end cause } }
    counters { received applied late duplicates rejected { total } shed future }
    alerts {
      items { name metric windowMs by group groupDisplayName comparison threshold forMs phase since value }
    }
  }
}
${WINDOW}`;

/** Once a second: charts, groups with their small charts, sessions, latencies. */
export const DETAILS = `subscription Details(
  $interval: Int!, $by: GroupBy!, $chartBy: GroupBy, $group: String, $kind: GroupKind, $last: Int!, $lead: Int!, $step: Int!,
  $all: Boolean!, $order: GroupOrder!, $reverse: Boolean!, $search: String, $window: GroupWindow!,
  $first: Int!, $wall: Boolean!, $filter: SessionFilter, $leaveOutSilent: Boolean!, $list: SessionList!
) {
  live(intervalMs: $interval) {
    realTimeMetrics { asOfMs }
    messages: timeSeries(metric: MESSAGES, by: $chartBy, name: $group, kind: $kind, last: $lead, step: $step) { ...Steps }
    connections: timeSeries(metric: CONNECTIONS, by: $chartBy, name: $group, kind: $kind, last: $lead, step: $step) { ...Steps }
    disconnections: timeSeries(metric: DISCONNECTIONS, by: $chartBy, name: $group, kind: $kind, last: $lead, step: $step) { ...Steps }
    open: timeSeries(metric: OPEN_SESSIONS, by: $chartBy, name: $group, kind: $kind, last: $last, step: $step) { ...Steps }
    active: timeSeries(metric: ACTIVE_SESSIONS, last: $last, step: $step) @include(if: $all) { ...Steps }
    p50: timeSeries(metric: DURATION_P50, last: $last, step: $step) { ...Steps }
    p90: timeSeries(metric: DURATION_P90, last: $last, step: $step) { ...Steps }
    p99: timeSeries(metric: DURATION_P99, last: $last, step: $step) { ...Steps }
    groups(by: $by, orderBy: $order, reverse: $reverse, search: $search, first: $first, window: $window) {
      count capacity overflowed found
      items {
        ...Row
        trend: timeSeries(metric: MESSAGES, last: 300, step: 10) { values }
      }
    }
    urgent: groups(by: $by, orderBy: WAITING, first: ${URGENT_SHOWN}, window: $window) @include(if: $wall) {
      items { ...Row }
    }
    sessions(first: 20, filter: $filter, leaveOutSilent: $leaveOutSilent, list: $list) {
      items {
        id connectedAtMs openMs awaitingMs lastSeen silent uncertain messages
        queue queueKind queueDisplayName deployment deploymentDisplayName link
      }
    }
    desk(by: QUEUE, orderBy: WAITING, first: ${LEGS_SHOWN}) { ...Board }
    agents: desk(by: AGENT, orderBy: INTERACTING, first: ${LEGS_SHOWN}) { ...Board }
    latency { stage lastMinute { count p50Ms p99Ms p999Ms maxMs } }
  }
}
fragment Row on Group {
  name displayName kind ${OF_GROUP} waiting { level byNumber byLongest }
  window { ${OF_GROUP_WINDOW} }
}
fragment Board on Desk { known windowMs found total { ...Legs } items { ...Legs } }
fragment Legs on DeskGroup {
  name displayName kind waiting longestWaitingMs interacting alerting
  window {
    offered answered abandoned handled notResponding serviceLevel withinServiceLevel countedForServiceLevel
    answerMeanMs talkMeanMs handleMeanMs
  }
}
fragment Steps on Series { name startMs stepMs values }`;

/** While it is looked at: the latest changes of alerts. */
export const HISTORY = `subscription History($interval: Int!) {
  live(intervalMs: $interval) {
    realTimeMetrics { asOfMs countersSinceMs }
    alertHistory(first: 100) {
      gone
      items {
        number change atMs name rule metric group groupDisplayName comparison threshold value since ending lastedMs
      }
    }
  }
}`;

/** Groups shown in the table at most: what is searched for is searched by the server. */
const GROUPS_SHOWN = 200;
/** How far back the charts of one group reach, in seconds. */
const GROUP_CHART_S = 300;

/** Between two figures, in milliseconds: while somebody looks, and while nobody can. */
export const FIGURES_MS = 500;
export const HIDDEN_MS = 5_000;
/** Between two histories: long enough to read, short enough to see an alert end. */
export const HISTORY_MS = 2_000;

type Variables = Readonly<Record<string, unknown>>;

export function figuresOf(view: View, interval: number): Variables {
  return {
    interval,
    by: dimensionOf(view).by,
    group: view.group ?? null,
    kind: kindOf(view),
    one: view.group !== undefined,
    window: windowOf(view).group,
  };
}

/** What the charts of a view are made of, in seconds. */
export interface ChartSpan {
  /** How far back they reach. */
  readonly last: number;
  readonly step: number;
  /** The span that each point of a rate is the mean of: the window's, where enough is kept for it. */
  readonly mean: number;
}

export function chartOf(view: View): ChartSpan {
  const { chartS, stepS, ms } = windowOf(view);
  const window = ms / 1_000;
  if (view.group === undefined) {
    // Of the total an hour is kept: an hour's mean would be one point.
    return { last: chartS, step: stepS, mean: Math.min(window, chartS < 3_000 ? window : 60) };
  }
  const mean = Math.min(window, 60);
  return { last: Math.min(chartS, GROUP_CHART_S - mean), step: 1, mean };
}

export function detailsOf(view: View): Variables {
  const { by } = dimensionOf(view);
  const { stepS, group: window } = windowOf(view);
  const { last, step, mean } = chartOf(view);
  const all = view.group === undefined;
  const search = view.search.trim();
  return {
    // A step of the long charts takes longer than this anyway.
    interval: stepS > 1 ? 2_000 : 1_000,
    by,
    chartBy: all ? null : by,
    group: view.group ?? null,
    kind: kindOf(view),
    last,
    lead: last + mean,
    step,
    all,
    order: COLUMN_METRICS.find(({ column }) => column.key === view.sort)?.order ?? "NAME",
    reverse: view.reverse,
    search: search === "" ? null : search,
    window,
    first: GROUPS_SHOWN,
    wall: view.wall,
    filter: filterOf(view),
    // Who waits for a reply is silent for that very reason.
    leaveOutSilent: !view.silent && view.list === "open",
    list: view.list === "awaiting" ? "AWAITING_REPLY" : "LONGEST_OPEN",
  };
}

function filterOf(view: View): Variables | null {
  if (view.group === undefined) {
    return null;
  }
  const kind = kindOf(view);
  const which = kind === null ? {} : { [`${view.by}Kind`]: kind };
  return view.by === "queue" ? { queue: view.group, ...which } : { deployment: view.group, ...which };
}

/** Which of two groups of one name is meant. */
function kindOf({ group, kind }: View): string | null {
  return group === undefined ? null : (kind ?? null);
}
