// Answers as no demo gives them: the real page on the real program, with what comes over its socket
// changed on the way. The longest values, five hundred queues, sixty alerts, a gap, an upgrade.

import type { Page } from "playwright-core";

import type { Alert, Details, Figures, Group, History, Series } from "../src/data/answers.ts";

type Mutable<T> = T extends (...all: never[]) => unknown ? T : { -readonly [Key in keyof T]: Mutable<T[Key]> };

/** Changes answers in place before the page sees them. */
export interface Forgery {
  readonly figures?: (figures: Mutable<Figures>) => void;
  readonly details?: (details: Mutable<Details>) => void;
  readonly history?: (history: Mutable<History>) => void;
}

/** Puts a forger between a page and its server; before the page is opened. */
export async function forge(page: Page, forgery: Forgery): Promise<void> {
  await page.routeWebSocket(/\/graphql$/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((text) => {
      const message = JSON.parse(String(text)) as { payload?: { data?: { live?: Mutable<Figures> | Mutable<Details> | Mutable<History> } } };
      const live = message.payload?.data?.live;
      if (live !== undefined && "counters" in live) {
        forgery.figures?.(live);
      } else if (live !== undefined && "latency" in live) {
        forgery.details?.(live);
      } else if (live !== undefined && "alertHistory" in live) {
        forgery.history?.(live);
      }
      socket.send(JSON.stringify(message));
    });
  });
}

/** Names as long as people make them, in more than one script. */
export const LONG_NAMES = [
  "Customer care, premium accounts, second line, north-east (evenings and weekends)",
  "0b6f3c1e-8f2d-4a57-9c1b-7d3e5a9f1c20",
  "Kundenservice Donaudampfschifffahrtsgesellschaftskapitänsmützenabteilung",
  "お客様サポート・プレミアム会員専用・請求に関するお問い合わせ窓口・東日本",
  "خدمة العملاء المميزين للاستفسارات المتعلقة بالفواتير والمدفوعات في المنطقة الشمالية",
  "x".repeat(128),
];

const ID = "7d3e5a9f-1c20-4a57-9c1b-0b6f3c1e8f2d";

/** A hundred alerts would be a bad day; sixty of them fire here. */
export function alertsOf(count: number, firing: number): Alert[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `rule ${index}`,
    metric: index % 3 === 0 ? "openSessions" : index % 3 === 1 ? "messagesPerMinute" : "durationP50Ms",
    windowMs: index % 3 === 0 ? null : 60_000,
    by: "QUEUE",
    group: index < LONG_NAMES.length ? (LONG_NAMES[index] ?? null) : `queue-${String(index).padStart(3, "0")}`,
    comparison: "ABOVE",
    groupDisplayName: index < LONG_NAMES.length ? (LONG_NAMES[index] ?? null) : `queue-${String(index).padStart(3, "0")}`,
    threshold: 500,
    forMs: 0,
    phase: index < firing ? "FIRING" : index < firing + 5 ? "PENDING" : "OK",
    since: new Date(Date.now() - 200_000 - index * 1_000).toISOString(),
    value: 1_277_155 - index * 1_000,
  }));
}

/** Five hundred queues, the first with the longest names and numbers. */
export function groupsOf(count: number): Group[] {
  return Array.from({ length: count }, (_, index) => ({
    name: LONG_NAMES[index] ?? `queue-${String(index).padStart(3, "0")}`,
    displayName: LONG_NAMES[index] ?? `queue-${String(index).padStart(3, "0")}`,
    kind: "NAMED",
    openSessions: 1_277_155 - index,
    openUncertain: 1_265_804 - index,
    awaitingReply: 1_277_155 - index,
    longestAwaitingMs: 86_340_000,
    waiting: { level: "CALM", byNumber: "CALM", byLongest: "CALM" },
    window: {
      messagesPerMinute: 2_291_040 - index,
      connectionsPerMinute: 583_255 - index,
      disconnectionsPerMinute: 583_255 - index,
      activeSessions: 1_277_155 - index,
      avgFirstResponseMs: 86_340_000,
      avgResponseTimeMs: 754_000,
      durations: { p50Ms: index % 2 === 0 ? 754_000 : 86_340_000 },
    },
    trend: { values: Array.from({ length: 30 }, (_, step) => (step * 7 + index) % 40) },
  }));
}

/** The longest plausible values everywhere. */
export const LONGEST: Forgery = {
  figures: (figures) => {
    const { realTimeMetrics: now, counters, engine, stream } = figures;
    [now.openSessions, now.openUncertain] = [1_277_155, 1_265_804];
    [now.openSinceMs, now.openComplete] = [Date.now() - 80_000_000, false];
    for (const window of now.windows) {
      Object.assign(window, {
        complete: false,
        coverageMs: Math.round(window.windowMs * 0.087),
        activeSessions: 1_277_155,
        messagesPerMinute: 2_291_040,
        connectionsPerMinute: 583_255,
        disconnectionsPerMinute: 583_255,
        avgSessionDurationMs: 754_000,
        durations: { p50Ms: 754_000, p90Ms: 86_340_000 },
      });
    }
    Object.assign(counters, { received: 88_888_888_888, late: 1_277_155, duplicates: 88_888_888, shed: 583_255 });
    Object.assign(engine, { ringCapacity: 1_048_576, sessionsTracked: 12_771_550 });
    stream.lagMs = 754_000;
    const total = { by: null, group: null, groupDisplayName: null, windowMs: 60_000 };
    figures.alerts.items = [
      { ...alertsOf(1, 1)[0], ...total, metric: "messagesPerMinute", name: "total" } as Mutable<Alert>,
      ...(alertsOf(70, 60) as Mutable<Alert>[]),
    ];
  },
  details: (details) => {
    const long = (series: readonly Series[] | undefined, value: number): void => {
      for (const each of series ?? []) {
        Object.assign(each, { values: each.values.map((_, index) => value - index) });
      }
    };
    long(details.messages, 38_184);
    long(details.connections, 9_720);
    long(details.disconnections, 9_720);
    long(details.open, 1_277_155);
    long(details.active, 1_177_155);
    long(details.p50, 754_000);
    long(details.p90, 6_240_000);
    long(details.p99, 86_340_000);
    const items = groupsOf(24);
    Object.assign(details.groups, { count: 500, found: 500, items });
    Object.assign(details, { urgent: { items: [] } });
    details.sessions.items = details.sessions.items.map((session, index) => ({
      ...session,
      id: ID,
      queue: LONG_NAMES[index % LONG_NAMES.length] ?? "",
      queueDisplayName: LONG_NAMES[index % LONG_NAMES.length] ?? "",
      openMs: 86_340_000,
      messages: 583_255,
    }));
  },
};
