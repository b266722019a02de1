// What the two subscriptions ask for, and the shape of what they answer. Every field's meaning is in
// the schema; `definitions.json` repeats those that the page shows.

/** The numbers of a window, of the total or of a group. */
export interface WindowNumbers {
  readonly windowMs: number;
  readonly coverageMs: number;
  readonly complete: boolean;
  readonly activeSessions: number;
  readonly messagesPerMinute: number;
  readonly connectionsPerMinute: number;
  readonly disconnectionsPerMinute: number;
  readonly avgSessionDurationMs: number;
  readonly durations: { readonly p50Ms: number; readonly p90Ms: number } | null;
  /** What else the table of metrics has; `read` finds it by its path. */
  readonly [field: string]: unknown;
}

/** What stands behind a name: tells what has none, and what found no room, from queues of that name. */
export type GroupKind = "NAMED" | "UNNAMED" | "OTHER";

interface Named {
  /** Its id, by which the server is asked. */
  readonly name: string;
  /** What people read for it. */
  readonly displayName: string;
  readonly kind: GroupKind;
  readonly openSessions: number;
  readonly openUncertain: number;
}

/** The one group that a view is of. */
export interface Chosen extends Named {
  readonly window: WindowNumbers;
}

/** How a group stands by the levels of waiting. */
export type WaitingLevel = "CALM" | "WARNING" | "CRITICAL";

/** From when on a group whose guests wait is in trouble; null where a level is off. */
export interface WaitLevels {
  readonly awaitingWarning: number | null;
  readonly awaitingCritical: number | null;
  readonly longestWarningMs: number | null;
  readonly longestCriticalMs: number | null;
}

/** A row of the table of groups. */
export interface Group extends Named {
  readonly waiting?: { readonly level: WaitingLevel; readonly byNumber: WaitingLevel; readonly byLongest: WaitingLevel };
  readonly window: Pick<
    WindowNumbers,
    "messagesPerMinute" | "connectionsPerMinute" | "disconnectionsPerMinute" | "activeSessions"
  > & { readonly durations: { readonly p50Ms: number } | null } & Readonly<Record<string, unknown>>;
  readonly trend: { readonly values: readonly (number | null)[] } | null;
}

export interface Gap {
  readonly start: string;
  readonly end: string | null;
  readonly cause: string;
}

export interface Stream {
  readonly state: string;
  readonly reconnects: number;
  readonly lagMs: number | null;
  readonly lastError: string | null;
  readonly gapsTotal: number;
  readonly gaps: readonly Gap[];
}

export interface Counters {
  readonly received: number;
  readonly applied: number;
  readonly late: number;
  readonly duplicates: number;
  readonly rejected: { readonly total: number };
  readonly shed: number;
  readonly future: number;
}

export type Phase = "OK" | "PENDING" | "FIRING";

export interface Alert {
  readonly name: string;
  readonly metric: string;
  readonly windowMs: number | null;
  readonly by: "QUEUE" | "DEPLOYMENT" | "DIRECTION" | null;
  readonly group: string | null;
  readonly groupDisplayName: string | null;
  readonly comparison: "ABOVE" | "BELOW";
  readonly threshold: number;
  readonly forMs: number;
  readonly phase: Phase;
  readonly since: string;
  readonly value: number | null;
}

/** An alert that began to fire, or one that ended. */
export interface AlertChange {
  readonly number: number;
  readonly change: "BEGAN" | "ENDED";
  readonly atMs: number;
  readonly name: string;
  readonly rule: string;
  readonly metric: string;
  readonly group: string | null;
  readonly groupDisplayName: string | null;
  readonly comparison: "ABOVE" | "BELOW";
  readonly threshold: number;
  readonly value: number | null;
  readonly since: string;
  readonly ending: "CLEARED" | "RULE_REMOVED" | "RULE_CHANGED" | null;
  readonly lastedMs: number | null;
}

/** What comes while the history of alerts is open. */
export interface History {
  readonly realTimeMetrics: { readonly asOfMs: number; readonly countersSinceMs: number };
  readonly alertHistory: { readonly gone: number; readonly items: readonly AlertChange[] };
}

export interface Engine {
  readonly version: string;
  readonly engineId: string;
  readonly uptimeMs: number;
  readonly ringDepth: number;
  readonly ringCapacity: number;
  readonly ringHighWater: number;
  readonly sessionsTracked: number;
  readonly snapshotSequence: number;
  readonly notReady: readonly string[];
  readonly waitLevels: WaitLevels;
}

/** What comes twice a second. */
export interface Figures {
  readonly engine: Engine;
  readonly realTimeMetrics: {
    readonly asOfMs: number;
    readonly openSessions: number;
    readonly openUncertain: number;
    /** Since when open sessions are known, and whether that is long enough ago for all of them. */
    readonly openSinceMs: number | null;
    readonly openComplete: boolean;
    readonly totalConnectionsExact: number;
    readonly countersSinceMs: number;
    readonly windows: readonly WindowNumbers[];
  };
  readonly groups?: { readonly items: readonly Chosen[] };
  readonly stream: Stream;
  readonly counters: Counters;
  readonly alerts: { readonly items: readonly Alert[] };
}

export interface Series {
  readonly name: string | null;
  readonly startMs: number;
  readonly stepMs: number;
  readonly values: readonly (number | null)[];
}

export interface Session {
  readonly id: string;
  readonly connectedAtMs: number;
  readonly openMs: number;
  /** How long its guest has waited for a reply; null where it does not. */
  readonly awaitingMs: number | null;
  readonly lastSeen: string;
  readonly messages: number;
  readonly silent: boolean;
  readonly uncertain: boolean;
  readonly queue: string;
  readonly queueKind: GroupKind;
  readonly queueDisplayName: string;
  readonly deployment: string;
  readonly deploymentDisplayName: string;
  /** Where it can be looked at in another program. */
  readonly link: string | null;
}

export interface Stage {
  readonly stage: string;
  readonly lastMinute: {
    readonly count: number;
    readonly p50Ms: number;
    readonly p99Ms: number;
    readonly p999Ms: number;
    readonly maxMs: number;
  };
}

/** A group of legs: a queue, an agent, or all of them. */
export interface DeskGroup {
  readonly name: string;
  readonly displayName: string;
  readonly kind: GroupKind;
  readonly waiting: number;
  readonly longestWaitingMs: number;
  readonly interacting: number;
  readonly alerting: number;
  readonly window: {
    readonly offered: number;
    readonly answered: number;
    readonly abandoned: number;
    readonly handled: number;
    readonly notResponding: number;
    readonly serviceLevel: number | null;
    readonly withinServiceLevel: number;
    readonly countedForServiceLevel: number;
    readonly answerMeanMs: number | null;
    readonly talkMeanMs: number | null;
    readonly handleMeanMs: number | null;
  };
}

/** The numbers of legs by queue, or by agent. */
export interface Desk {
  /** Whether anything is known of legs. */
  readonly known: boolean;
  readonly windowMs: number;
  readonly found: number;
  readonly total: DeskGroup | null;
  readonly items: readonly DeskGroup[];
}

/** What comes once a second, or less often for long charts. */
export interface Details {
  readonly realTimeMetrics: { readonly asOfMs: number };
  readonly messages: readonly Series[];
  readonly connections: readonly Series[];
  readonly disconnections: readonly Series[];
  readonly open: readonly Series[];
  readonly active?: readonly Series[];
  readonly p50: readonly Series[];
  readonly p90: readonly Series[];
  readonly p99: readonly Series[];
  readonly groups: {
    readonly count: number;
    readonly capacity: number;
    readonly overflowed: number;
    readonly found: number;
    readonly items: readonly Group[];
  };
  /** Those that need somebody most, for a wall: whatever the table is ordered by. */
  readonly urgent?: { readonly items: readonly Group[] };
  readonly sessions: { readonly items: readonly Session[] };
  readonly desk: Desk;
  readonly agents: Desk;
  readonly latency: readonly Stage[];
}
