import assert from "node:assert/strict";
import { test } from "node:test";

import type { Alert, Group, Phase } from "../src/data/answers.ts";
import { pauseMs } from "../src/data/connection.ts";
import { PHASES, rulesOf, sentence, target, worst } from "../src/data/thresholds.ts";
import { ordered } from "../src/parts/order.ts";

function alert(name: string, phase: Phase, change: Partial<Alert> = {}): Alert {
  return {
    name,
    metric: "messagesPerMinute",
    windowMs: 60_000,
    by: null,
    group: null,
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
  const said = sentence(alert("busy", "FIRING", { group: "vip", by: "QUEUE" }), false);
  assert.equal(said, "▲ busy: firing; messagesPerMinute of vip over 1 m 00 s ≤ 5,000");
});

test("groups are ordered as the server orders them", () => {
  const group = (name: string, messages: number, open: number): Group => ({
    name,
    kind: "NAMED",
    openSessions: open,
    window: {
      windowMs: 60_000,
      coverageMs: 60_000,
      complete: true,
      activeSessions: 0,
      messagesPerMinute: messages,
      connectionsPerMinute: 0,
      disconnectionsPerMinute: 0,
      avgSessionDurationMs: 0,
      durations: null,
    },
  });
  const all = [group("b", 5, 1), group("a", 5, 2), group("c", 9, 0)];
  const names = (sort: "messages" | "open" | "name"): string => ordered(all, sort).map(({ name }) => name).join("");
  assert.equal(names("messages"), "cab");
  assert.equal(names("open"), "abc");
  assert.equal(names("name"), "abc");
  assert.equal(all[0]?.name, "b", "the input stays");
});

test("pauses between attempts grow to ten seconds and no further", () => {
  assert.equal(pauseMs(0, 0), 250);
  assert.ok(pauseMs(3, 0) > pauseMs(2, 1));
  for (const attempt of [5, 6, 50, 5_000]) {
    assert.ok(pauseMs(attempt, 1) <= 10_000 && pauseMs(attempt, 0) >= 8_000);
  }
});
