import assert from "node:assert/strict";
import { test } from "node:test";

import type { Alert, AlertChange, Group, Phase } from "../src/data/answers.ts";
import { pauseMs } from "../src/data/connection.ts";
import { PHASES, because, changeInWords, inWords, keyOf, rulesOf, target, urgent, worst } from "../src/data/thresholds.ts";
import { ordered, worstFirst } from "../src/parts/order.ts";

function alert(name: string, phase: Phase, change: Partial<Alert> = {}): Alert {
  return {
    name,
    metric: "messagesPerMinute",
    windowMs: 60_000,
    by: null,
    group: null,
    groupDisplayName: change.group ?? null,
    comparison: "ABOVE",
    threshold: 5_000,
    forMs: 0,
    phase,
    since: "2026-01-15T12:00:00.000Z",
    value: 1,
    ...change,
  };
}

test("a figure shows the rules of its metric, window and group, worst first", () => {
  const all = [
    alert("fine", "OK"),
    alert("bad", "FIRING"),
    alert("any window", "PENDING", { windowMs: null }),
    alert("other window", "FIRING", { windowMs: 10_000 }),
    alert("other metric", "FIRING", { metric: "openSessions" }),
    alert("of a queue", "FIRING", { by: "QUEUE", group: "vip" }),
  ];
  const names = (group: { by: string; name: string } | undefined): string[] =>
    rulesOf(all, { metrics: ["messagesPerMinute"], windowMs: 60_000, group }).map(({ name }) => name);
  assert.deepEqual(names(undefined), ["bad", "any window", "fine"]);
  assert.deepEqual(names({ by: "QUEUE", name: "vip" }), ["of a queue"]);
  assert.deepEqual(names({ by: "DEPLOYMENT", name: "vip" }), []);
});

test("the worst phase counts", () => {
  assert.equal(worst([]), undefined);
  assert.equal(worst([alert("a", "OK")]), "OK");
  assert.equal(worst([alert("a", "PENDING"), alert("b", "OK")]), "PENDING");
  assert.equal(worst([alert("a", "PENDING"), alert("b", "FIRING"), alert("c", "OK")]), "FIRING");
});

test("phases differ by shape, not by colour alone", () => {
  const shapes = Object.values(PHASES).map(({ shape }) => shape);
  assert.equal(new Set(shapes).size, 3);
});

test("a target is the good side of the threshold", () => {
  assert.equal(target(alert("a", "OK"), false), "≤ 5,000");
  assert.equal(target(alert("a", "OK", { comparison: "BELOW", threshold: 30_000 }), true), "≥ 30.0 s");
});

test("an alert says itself in words", () => {
  const asOf = Date.parse("2026-01-15T12:03:30.000Z");
  const check = (change: Partial<Alert>, phase: Phase, expected: string): void => {
    assert.equal(inWords(alert("busy", phase, change), asOf), expected);
  };
  check({ by: "QUEUE", group: "sales", value: 2_045, threshold: 500 }, "FIRING", "sales: 2,045 messages a minute, limit 500, for 3 min");
  check({ value: 7, comparison: "BELOW", threshold: 500 }, "PENDING", "busy: 7 messages a minute, at least 500, for 3 min, not firing yet");
  check({ metric: "durationP50Ms", value: 754_000, threshold: 60_000 }, "OK", "busy: half of the ended sessions lasted up to 12 m 34 s, limit 1 m 00 s");
  check({ metric: "ringFill", value: 0.5, threshold: 0.4, since: "2026-01-15T12:03:12.400Z" }, "FIRING", "busy: the ring is 50 % full, limit 40 %, for 17 s");
  check({ metric: "openSessions", value: null, since: "2026-01-15T09:58:00.000Z" }, "FIRING", "busy: no value, limit 5,000, for 2 h 05 min");
  check({ metric: "somethingNew", value: 3 }, "OK", "busy: 3 somethingNew, limit 5,000");
  // A name that turns the direction of writing turns only itself, and one with a `$` is no pattern.
  check({ group: "\u202Eabc", by: "QUEUE" }, "OK", "\u2068\u202Eabc\u2069: 1 messages a minute, limit 5,000");
  check({ group: "$&", by: "QUEUE" }, "OK", "$&: 1 messages a minute, limit 5,000");
  assert.equal(because(alert("x", "OK"), asOf), "1 messages a minute, limit 5,000");
});

test("a group is called by its name where it has one, and stays itself by its id", () => {
  const asOf = Date.parse("2026-01-15T12:03:30.000Z");
  const named = alert("busy", "OK", { by: "QUEUE", group: "q-17", groupDisplayName: "Sales, north" });
  assert.equal(inWords(named, asOf), "Sales, north: 1 messages a minute, limit 5,000");
  assert.equal(inWords({ ...named, groupDisplayName: "\u202Eabc" }, asOf), "\u2068\u202Eabc\u2069: 1 messages a minute, limit 5,000");
  assert.equal(keyOf(named), keyOf({ ...named, groupDisplayName: "renamed" }));
  assert.deepEqual(rulesOf([named], { metrics: ["messagesPerMinute"], windowMs: 60_000, group: { by: "QUEUE", name: "q-17" } }), [named]);
  // Ordered by what is read; of two that read alike by the id.
  const groups = [["q1", "Zebra"], ["q2", "Ant"], ["q4", "Bee"], ["q3", "Bee"]].map(([name = "", displayName = ""]) => ({ ...group(name, 1, 1), displayName }));
  assert.deepEqual(ordered(groups, "name").map(({ name }) => name), ["q2", "q3", "q4", "q1"]);
  assert.deepEqual(ordered(groups, "messages").map(({ name }) => name), ["q2", "q3", "q4", "q1"]);
  const odd = ["\u{1F469} families", "\uFF21", "a", "ab", ""].map((name) => group(name, 1, 1));
  assert.deepEqual(ordered(odd, "name").map(({ name }) => name), ["", "a", "ab", "\uFF21", "\u{1F469} families"], "as their UTF-8 bytes");
  // On the wall too, also for one that is known by its alert only.
  const firing = { ...named, phase: "FIRING" } as const;
  assert.deepEqual(worstFirst(groups, [firing]).map(({ label }) => label), ["Sales, north", "Zebra", "Ant", "Bee", "Bee"]);
});

test("a change of an alert is reported in the same words, with how it ended", () => {
  const change: AlertChange = {
    number: 1,
    change: "BEGAN",
    atMs: 0,
    name: "busy",
    rule: "messagesPerMinute above 500",
    metric: "messagesPerMinute",
    group: "q-17",
    groupDisplayName: "sales",
    comparison: "ABOVE",
    threshold: 500,
    value: 2_045,
    since: "2026-01-15T12:00:00.000Z",
    ending: null,
    lastedMs: null,
  };
  assert.equal(changeInWords(change), "sales: 2,045 messages a minute, limit 500");
  const ended = { ...change, change: "ENDED", value: 320, lastedMs: 194_000 } as const;
  assert.equal(changeInWords({ ...ended, ending: "CLEARED" }), "sales: 320 messages a minute, limit 500, after 3 min");
  assert.equal(changeInWords({ ...ended, ending: "RULE_REMOVED" }), "sales: 320 messages a minute, limit 500, after 3 min; its rule was removed");
  assert.equal(changeInWords({ ...ended, ending: "RULE_CHANGED", value: null, group: null, groupDisplayName: null }), "busy: no value, limit 500, after 3 min; its rule was changed");
});

test("what fires first is the total, then what is furthest past its limit", () => {
  const all = [
    alert("fine", "OK"),
    alert("a little", "FIRING", { by: "QUEUE", group: "a", value: 6_000 }),
    alert("a lot", "FIRING", { by: "QUEUE", group: "b", value: 60_000 }),
    alert("too few", "FIRING", { by: "QUEUE", group: "c", value: 100, comparison: "BELOW" }),
    alert("total", "FIRING", { value: 5_001 }),
    alert("soon", "PENDING", { value: 9_000 }),
  ];
  assert.deepEqual(urgent(all).map(({ name }) => name), ["total", "too few", "a lot", "a little", "soon", "fine"]);
  assert.equal(new Set(all.map(keyOf)).size, all.length);
});

function group(name: string, messages: number, open: number, p50Ms: number | null = null): Group {
  return {
    name,
    displayName: name,
    kind: "NAMED",
    openSessions: open,
    openUncertain: 0,
    window: {
      activeSessions: 0,
      messagesPerMinute: messages,
      connectionsPerMinute: 0,
      disconnectionsPerMinute: 0,
      durations: p50Ms === null ? null : { p50Ms },
    },
    trend: null,
  };
}

test("groups are ordered as the server orders them, both ways", () => {
  const all = [group("b", 5, 1, 70), group("a", 5, 2), group("c", 9, 0, 80)];
  const names = (sort: "messages" | "open" | "name" | "duration", reverse = false): string =>
    ordered(all, sort, reverse).map(({ name }) => name).join("");
  assert.equal(names("messages"), "cab");
  assert.equal(names("messages", true), "bac");
  assert.equal(names("open"), "abc");
  assert.equal(names("name"), "abc");
  assert.equal(names("name", true), "cba");
  assert.equal(names("duration"), "cba", "without a value last");
  assert.equal(names("duration", true), "bca", "and the other way round too");
  assert.equal(all[0]?.name, "b", "the input stays");
});

test("on the wall the worst is first, and none in trouble is left out", () => {
  const groups = [group("calm", 9, 9), group("soon", 5, 5), group("bad", 1, 1), group("worse", 1, 1)];
  const of = (name: string, phase: Phase, value: number): Alert => alert(name, phase, { by: "QUEUE", group: name, value });
  const alerts = [of("soon", "PENDING", 5_001), of("bad", "FIRING", 6_000), of("worse", "FIRING", 9_000), of("small", "FIRING", 5_500), of("absent", "OK", 1)];
  const places = worstFirst(groups, alerts);
  assert.deepEqual(places.map(({ name }) => name), ["worse", "bad", "small", "soon", "calm"]);
  assert.equal(places[2]?.group, undefined);
  assert.deepEqual(worstFirst(groups, []).map(({ name }) => name), groups.map(({ name }) => name));
});

test("pauses between attempts grow to ten seconds and no further", () => {
  assert.equal(pauseMs(0, 0), 250);
  assert.ok(pauseMs(3, 0) > pauseMs(2, 1));
  for (const attempt of [5, 6, 50, 5_000]) {
    assert.ok(pauseMs(attempt, 1) <= 10_000 && pauseMs(attempt, 0) >= 8_000);
  }
});
