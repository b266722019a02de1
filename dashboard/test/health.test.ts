import assert from "node:assert/strict";
import { test } from "node:test";

import type { Figures } from "../src/data/answers.ts";
import type { Link } from "../src/data/connection.ts";
import { briefly, healthOf, wordsOf, type Health } from "../src/data/health.ts";
import { clock } from "../src/format.ts";

const AT = new Date(2026, 0, 15, 12, 0, 0).getTime();

function figures(state: string, gaps: { start: string; end: string | null; cause: string }[] = []): Figures {
  return { stream: { state, gaps } } as unknown as Figures;
}

/** Health so many milliseconds after the latest figures. */
function after(ms: number, change: { link?: Link; isHidden?: boolean; wallMs?: number; state?: string } = {}): Health {
  const { link = { state: "connected" }, isHidden = false, wallMs = ms, state = "LIVE" } = change;
  const heardAt = { monotonicMs: 1_000, wallMs: AT };
  return healthOf({ heardAt, link, figures: figures(state) }, { monotonicMs: 1_000 + ms, wallMs: AT + wallMs }, isHidden);
}

const GONE: Link = { state: "waiting", attempt: 3 };

test("numbers are fresh while they come, and old soon after they do not", () => {
  assert.equal(after(400).kind, "fresh");
  assert.equal(after(2_900).kind, "fresh");
  assert.deepEqual(after(31_000), { kind: "silent", sinceMs: AT, ageMs: 31_000 });
  // A socket that is gone is a reason to doubt sooner; a blink is none.
  assert.equal(after(400, { link: GONE }).kind, "fresh");
  assert.equal(after(1_500, { link: GONE }).kind, "silent");
  assert.equal(after(1_500, { link: { state: "connecting" } }).kind, "silent");
});

test("a hidden page hears less often, and says at once that its socket is gone", () => {
  assert.equal(after(5_200, { isHidden: true }).kind, "fresh");
  assert.equal(after(15_000, { isHidden: true }).kind, "silent");
  assert.equal(after(200, { isHidden: true, link: GONE }).kind, "silent");
});

test("a computer that slept knows that its numbers are old", () => {
  assert.equal(after(100, { wallMs: 3_600_000 }).kind, "silent");
  assert.equal(after(100, { wallMs: -3_600_000 }).kind, "fresh", "a clock set back says nothing");
});

test("without events the numbers are not of the present either", () => {
  assert.deepEqual(after(100, { state: "BACKOFF" }), { kind: "down", state: "BACKOFF", sinceMs: undefined });
  const start = new Date(AT - 60_000).toISOString();
  const heard = { heardAt: { monotonicMs: 0, wallMs: AT }, link: { state: "connected" } as const };
  const gaps = [{ start: new Date(AT - 900_000).toISOString(), end: start, cause: "CLOSED" }, { start, end: null, cause: "DROPPED" }];
  const down = healthOf({ ...heard, figures: figures("REFUSED", gaps) }, { monotonicMs: 1, wallMs: AT }, false);
  assert.deepEqual(down, { kind: "down", state: "REFUSED", sinceMs: AT - 60_000 });
  assert.equal(wordsOf(down), `No events since ${clock(AT - 60_000, false)}: the stream is refused. The numbers miss what happens meanwhile.`);
  assert.equal(healthOf({ ...heard, heardAt: undefined, figures: undefined }, { monotonicMs: 1, wallMs: AT }, false).kind, "waiting");
});

test("what is old says since when, in the tab too", () => {
  assert.equal(wordsOf(after(65_000)), "Old numbers: nothing from the server since 12:00:00, for 1 m 05 s.");
  assert.equal(briefly(after(65_000)), "old since 12:00");
  assert.equal(briefly(after(1)) + wordsOf(after(1)), "");
});
