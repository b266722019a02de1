// The order of groups in the table. Pure, and the same as the server's: greatest first, equal ones by
// name; names ascending.

import type { Group } from "../data/answers.ts";
import type { Sort } from "../view/address.ts";

const VALUES: Readonly<Record<Exclude<Sort, "name">, (group: Group) => number>> = {
  messages: ({ window }) => window.messagesPerMinute,
  active: ({ window }) => window.activeSessions,
  open: ({ openSessions }) => openSessions,
  connections: ({ window }) => window.connectionsPerMinute,
  disconnections: ({ window }) => window.disconnectionsPerMinute,
  duration: ({ window }) => window.avgSessionDurationMs,
};

/** Groups in order; the input stays as it is. */
export function ordered(groups: readonly Group[], sort: Sort): Group[] {
  const byName = (a: Group, b: Group): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  if (sort === "name") {
    return groups.toSorted(byName);
  }
  const value = VALUES[sort];
  return groups.toSorted((a, b) => value(b) - value(a) || byName(a, b));
}
