// Whether what the page shows is the present, and since when it is not. Pure but for `present`.

import { clock, duration } from "../format.ts";
import type { Figures } from "./answers.ts";
import type { Link } from "./connection.ts";

/** A moment by two clocks: the monotonic one may stand still while a computer sleeps, the other may
    be set. */
export interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export function present(): Moment {
  return { monotonicMs: performance.now(), wallMs: Date.now() };
}

/** Figures come twice a second, or every five seconds while hidden; older than this they are stale. */
const STALE_MS = 3_000;
const STALE_HIDDEN_MS = 12_000;
/** With the socket gone, the wait is shorter: only a blink is forgiven. */
const BLINK_MS = 1_000;

export type Health =
  | { readonly kind: "fresh" }
  /** Nothing has come yet. */
  | { readonly kind: "waiting" }
  /** The server says nothing any more; `sinceMs` since the epoch by the reader's clock. */
  | { readonly kind: "silent"; readonly sinceMs: number; readonly ageMs: number }
  /** The server answers, but its own stream of events has ended; since when, where that is known. */
  | { readonly kind: "down"; readonly state: string; readonly sinceMs: number | undefined };

interface Heard {
  readonly heardAt: Moment | undefined;
  readonly link: Link;
  readonly figures: Figures | undefined;
}

export function healthOf({ heardAt, link, figures }: Heard, now: Moment, isHidden: boolean): Health {
  if (heardAt === undefined || figures === undefined) {
    return { kind: "waiting" };
  }
  const ageMs = Math.max(now.monotonicMs - heardAt.monotonicMs, now.wallMs - heardAt.wallMs);
  const patience = isHidden ? STALE_HIDDEN_MS : STALE_MS;
  // A hidden page may not be woken again for a minute: what it hears, it says at once.
  const isGone = link.state !== "connected" && ageMs > (isHidden ? 0 : BLINK_MS);
  if (ageMs > patience || isGone) {
    return { kind: "silent", sinceMs: now.wallMs - ageMs, ageMs };
  }
  const { state, gaps } = figures.stream;
  if (state !== "LIVE") {
    const open = gaps.findLast(({ end }) => end === null);
    return { kind: "down", state, sinceMs: open === undefined ? undefined : Date.parse(open.start) };
  }
  return { kind: "fresh" };
}

/** What to say of it, for a line of its own; empty while all is well. */
export function wordsOf(health: Health): string {
  switch (health.kind) {
    case "fresh":
      return "";
    case "waiting":
      return "No numbers yet: waiting for the server.";
    case "silent": {
      const age = duration(Math.floor(health.ageMs / 1_000) * 1_000);
      return `Old numbers: nothing from the server since ${clock(health.sinceMs, false)}, for ${age}.`;
    }
    case "down": {
      const since = health.sinceMs === undefined ? "" : ` since ${clock(health.sinceMs, false)}`;
      return `No events${since}: the stream is ${state(health.state)}. The numbers miss what happens meanwhile.`;
    }
  }
}

/** The same in the few words that a tab has room for. */
export function briefly(health: Health): string {
  switch (health.kind) {
    case "fresh":
      return "";
    case "waiting":
      return "no numbers yet";
    case "silent":
      return `old since ${clock(health.sinceMs, false).slice(0, 5)}`;
    case "down":
      return `no events${health.sinceMs === undefined ? "" : ` since ${clock(health.sinceMs, false).slice(0, 5)}`}`;
  }
}

function state(name: string): string {
  return name.toLowerCase().replaceAll("_", " ");
}
