// How a group stands whose guests wait for a reply. The server judges; here it gets its words, and what
// is known of it in part only never looks calm.

import { duration, number } from "../format.ts";
import type { Group, Phase, WaitLevels } from "./answers.ts";
import { read } from "./metrics.ts";

/** A level as a phase of alerts, which has the colours and shapes of the page. */
const PHASE_OF = { CALM: "OK", WARNING: "PENDING", CRITICAL: "FIRING" } as const;

/** How much a group is in trouble. */
export function waitingPhase({ waiting }: Group): Phase {
  return PHASE_OF[waiting?.level ?? "CALM"];
}

/** Why it is, as somebody would say it; empty while it is calm. */
export function waitingInWords(group: Group, levels: WaitLevels | undefined): string {
  const { waiting } = group;
  if (waiting === undefined || waiting.level === "CALM") {
    return "";
  }
  const [guests, longest] = [read(group, "awaitingReply"), read(group, "longestAwaitingMs")];
  const limit = waiting.byLongest === "CRITICAL" ? levels?.longestCriticalMs : levels?.longestWarningMs;
  const said = [
    waiting.byNumber === "CALM" ? "" : `${guests === 1 ? "1 guest waits" : `${number(guests)} guests wait`}, nobody got a reply for a minute`,
    waiting.byLongest === "CALM" ? "" : `a guest has waited ${whole(longest)} for a reply, limit ${whole(limit ?? null)}`,
  ];
  return said.filter((text) => text !== "").join("; ");
}

/** How many times its own level a group is past it; what is worse comes first. */
export function waitingExcess(group: Group, levels: WaitLevels | undefined): number {
  const { waiting } = group;
  if (waiting === undefined || waiting.level === "CALM") {
    return 0;
  }
  const past = (value: number | null, level: number | null | undefined): number =>
    value === null || level === null || level === undefined ? 0 : value / level;
  const of = (which: "byNumber" | "byLongest", path: string, critical?: number | null, warning?: number | null): number =>
    waiting[which] === "CALM" ? 0 : past(read(group, path), critical ?? warning);
  return Math.max(
    of("byNumber", "awaitingReply", levels?.awaitingCritical, levels?.awaitingWarning),
    of("byLongest", "longestAwaitingMs", levels?.longestCriticalMs, levels?.longestWarningMs),
  );
}

/** What yellow and red mean, for a legend; empty where every level is off. */
export function levelsInWords(levels: WaitLevels | undefined): string {
  if (levels === undefined) {
    return "";
  }
  const of = (guests: number | null, ms: number | null): string =>
    [
      guests === null ? "" : `${number(guests)} wait and nobody got a reply for a minute`,
      ms === null ? "" : `one has waited ${whole(ms)}`,
    ]
      .filter((text) => text !== "")
      .join(", or ");
  const [red, yellow] = [
    of(levels.awaitingCritical, levels.longestCriticalMs),
    of(levels.awaitingWarning, levels.longestWarningMs),
  ];
  return [red === "" ? "" : `▲ red: ${red}.`, yellow === "" ? "" : `◆ yellow: ${yellow}.`].filter((text) => text !== "").join(" ");
}

/** A length without tenths: nobody is counted down to those. */
function whole(ms: number | null): string {
  return duration(ms === null ? null : Math.floor(ms / 1_000) * 1_000).replace(/[.,]0(?= s$)/, "");
}
