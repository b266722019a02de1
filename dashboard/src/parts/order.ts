// The order of groups in the table. Pure, and the same as the server's: greatest first, equal ones by
// name, names ascending; or all of it the other way round. What has no value comes last either way.

import type { Alert, Group, Phase, WaitLevels } from "../data/answers.ts";
import { COLUMN_METRICS, read, type Metric } from "../data/metrics.ts";
import { excess, worst } from "../data/thresholds.ts";
import { waitingExcess, waitingPhase } from "../data/waiting.ts";
import type { Sort } from "../view/address.ts";

/** A number of a group; null where it has none. */
export function valueOf(group: Group, { path, scope }: Metric): number | null {
  return read(scope === "now" ? group : group.window, path);
}

/** Code point by code point: the order of the UTF-8 bytes, which is the server's. `<` compares halves of
    emoji instead. */
function compare(a: string, b: string): number {
  for (let at = 0; ; ) {
    const [one, other] = [a.codePointAt(at), b.codePointAt(at)];
    if (one !== other || one === undefined) {
      return (one ?? -1) - (other ?? -1);
    }
    at += one > 0xffff ? 2 : 1;
  }
}

const byName = (a: Group, b: Group): number => compare(a.displayName, b.displayName) || compare(a.name, b.name);

/** Groups in order; the input stays as it is. */
export function ordered(groups: readonly Group[], sort: Sort, reverse = false): Group[] {
  const turn = reverse ? -1 : 1;
  const metric = COLUMN_METRICS.find(({ column }) => column.key === sort);
  if (metric === undefined) {
    return groups.toSorted((a, b) => turn * byName(a, b));
  }
  return groups.toSorted((a, b) => {
    const [first, second] = [valueOf(a, metric), valueOf(b, metric)];
    if ((first === null) !== (second === null)) {
      return first === null ? 1 : -1;
    }
    return turn * ((second ?? 0) - (first ?? 0) || byName(a, b));
  });
}

/** A row of the wall: a group, or what is known of it by its alerts only. */
export interface Place {
  readonly name: string;
  /** What people read for it. */
  readonly label: string;
  readonly group: Group | undefined;
  /** Its alerts, worst first. */
  readonly alerts: readonly Alert[];
  /** The worst that alerts, or guests who wait for a reply, make of it. */
  readonly phase: Phase | undefined;
}

const RANKS = { FIRING: 0, PENDING: 1, OK: 2 } as const;

/** Alerts by the name of their group; those of the total are left out. */
export function alertsByGroup(alerts: readonly Alert[]): ReadonlyMap<string, readonly Alert[]> {
  const found = new Map<string, Alert[]>();
  for (const alert of alerts) {
    if (alert.group !== null) {
      const of = found.get(alert.group);
      if (of === undefined) {
        found.set(alert.group, [alert]);
      } else {
        of.push(alert);
      }
    }
  }
  return found;
}

/** The worse of two phases; none where there is neither. */
export function worse(one: Phase | undefined, other: Phase | undefined): Phase | undefined {
  return RANKS[one ?? "OK"] < RANKS[other ?? "OK"] ? one : (other ?? one);
}

/** Groups with the worst first: those in red, by how far they are past their limits, then those in
    yellow, then the others in the order given. `alerts` are those of the dimension. */
export function worstFirst(groups: readonly Group[], alerts: readonly Alert[], levels?: WaitLevels): Place[] {
  const byGroup = alertsByGroup(alerts);
  const rank = (phase: Phase | undefined): number => RANKS[phase ?? "OK"];
  const known = groups.map((group): Place => {
    const of = byGroup.get(group.name) ?? [];
    const ownPhase = group.waiting === undefined ? undefined : waitingPhase(group);
    return {
      name: group.name,
      label: group.displayName,
      group,
      alerts: of.toSorted((a, b) => RANKS[a.phase] - RANKS[b.phase] || excess(b) - excess(a)),
      phase: worse(worst(of), ownPhase),
    };
  });
  const names = new Set(groups.map(({ name }) => name));
  // One that is too small to be among the first is none the less in trouble.
  const others = [...byGroup]
    .filter(([name, of]) => !names.has(name) && rank(worst(of)) < RANKS.OK)
    .map(([name, of]): Place => ({ name, label: of[0]?.groupDisplayName ?? name, group: undefined, alerts: of, phase: worst(of) }));
  return [...known, ...others]
    .map((place, index) => ({ place, index, rank: rank(place.phase), excess: excessOf(place, levels) }))
    .toSorted((a, b) => a.rank - b.rank || (a.rank === RANKS.OK ? 0 : b.excess - a.excess) || a.index - b.index)
    .map(({ place }) => place);
}

/** How far a place is past the limit that makes it what it is. */
function excessOf({ group, alerts: [worstOne], phase }: Place, levels: WaitLevels | undefined): number {
  const ofAlert = worstOne !== undefined && worstOne.phase === phase ? excess(worstOne) : 0;
  const ofWaiting = group !== undefined && waitingPhase(group) === phase ? waitingExcess(group, levels) : 0;
  return Math.max(ofAlert, ofWaiting);
}

/** The groups of a table, and those that need somebody most where they are not among them. */
export function withUrgent(groups: readonly Group[], urgent: readonly Group[]): Group[] {
  const key = ({ kind, name }: Group): string => `${kind} ${name}`;
  const known = new Set(groups.map(key));
  return [...groups, ...urgent.filter((group) => !known.has(key(group)) && waitingPhase(group) !== "OK")];
}
