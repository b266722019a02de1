import assert from "node:assert/strict";
import { test } from "node:test";

import { clock, duration, latency, moment, number, percent, short, speak } from "../src/format.ts";

function check<Input>(format: (input: Input) => string, cases: readonly [Input, string][]): void {
  for (const [input, expected] of cases) {
    assert.equal(format(input), expected, String(input));
  }
}

test("numbers keep one decimal below a hundred only", () => {
  check(number, [
    [0, "0"],
    [7, "7"],
    [7.04, "7.0"],
    [99.96, "100.0"],
    [100.4, "100"],
    [23_370.9, "23,371"],
    [null, "–"],
    [undefined, "–"],
    [Number.NaN, "–"],
  ]);
});

test("short numbers fit an axis", () => {
  check(short, [
    [9_999, "9,999"],
    [10_000, "10k"],
    [12_345, "12.3k"],
    [2_500_000, "2.5M"],
    [3e9, "3G"],
    [0.5, "0.5"],
    [null, "–"],
  ]);
});

test("durations never show sixty of anything", () => {
  check(duration, [
    [0, "0 ms"],
    [999, "999 ms"],
    [1_000, "1.0 s"],
    [59_949, "59.9 s"],
    [59_950, "1 m 00 s"],
    [303_000, "5 m 03 s"],
    [3_599_499, "59 m 59 s"],
    [3_599_600, "1 h 00 m"],
    [86_400_000, "1 d 00 h"],
    [-1_500, "−1.5 s"],
    [null, "–"],
  ]);
});

test("latencies reach below a millisecond", () => {
  check(latency, [
    [0, "0 µs"],
    [0.0421, "42 µs"],
    [1.25, "1.3 ms"],
    [130, "130 ms"],
    [2_000, "2.0 s"],
  ]);
});

test("a part that is not the whole never reads as all of it", () => {
  const parts = ([part, whole]: [number, number]): string => percent(part, whole);
  check(parts, [
    [[59_999, 60_000], "99 %"],
    [[60_000, 60_000], "100 %"],
    [[1, 60], "1.6 %"],
    [[0, 60], "0 %"],
    [[1, 0], "–"],
  ]);
});

test("the clock is the reader's, with tenths if wanted", () => {
  const at = new Date(2026, 0, 15, 9, 5, 7, 680).getTime();
  assert.equal(clock(at, false), "09:05:07");
  assert.equal(clock(at, true), "09:05:07.6");
});

test("numbers are those of the reader's language", () => {
  speak("de-DE");
  assert.deepEqual([number(1_277_155), number(7.04), short(12_345), duration(23_400), percent(1, 60)], ["1.277.155", "7,0", "12,3k", "23,4 s", "1,6 %"]);
  speak("fr-FR");
  assert.equal(number(1_277_155).replaceAll(/\s/g, " "), "1 277 155");
  speak("en");
  assert.equal(number(1_277_155), "1,277,155");
});

test("a moment has its date where the day is another, in the reader's zone", () => {
  const now = new Date(2026, 0, 15, 0, 30, 0).getTime();
  assert.equal(moment(now - 60_000, now), "00:29:00");
  assert.equal(moment(now - 3_600_000, now), "Jan 14, 2026 23:30:00");
});
