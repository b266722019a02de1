import assert from "node:assert/strict";
import { test } from "node:test";

import type { Series } from "../src/data/answers.ts";
import { asIs, broken, columns, latest, path, shaded, trailing } from "../src/data/series.ts";

function series(startMs: number, values: (number | null)[], stepMs = 1_000): Series {
  return { name: null, startMs, stepMs, values };
}

test("series stand side by side on the steps of the first", () => {
  const all = [series(10_000, [1, 2, 3]), series(11_000, [5, null, 7]), undefined];
  assert.deepEqual(columns(all, asIs), [
    [10, 11, 12],
    [1, 2, 3],
    [null, 5, null],
    [null, null, null],
  ]);
});

test("counts become the rate of the window that ends with each step", () => {
  const second = series(0, [1, 2, 3, 4, 5]);
  assert.deepEqual(trailing(second, 3_000), series(2_000, [120, 180, 240]));
  // As on the card: what is not known counts as nothing, and a step before the start has no rate.
  assert.deepEqual(trailing(series(0, [null, null, 6, 6, 6]), 3_000), series(2_000, [120, 240, 360]));
  assert.deepEqual(trailing(series(0, [null, null, null, 6]), 2_000)?.values, [null, null, 180]);
  assert.deepEqual(trailing(series(0, [2, 4, 6], 15_000), 30_000), series(15_000, [12, 20], 15_000));
  assert.deepEqual(trailing(series(0, [3]), 60_000)?.values, [3], "shorter than its window");
  assert.equal(trailing(undefined, 1_000), undefined);
});

test("a line breaks where most of a step lies in a gap, and is 0 only where that is known", () => {
  const all = [[10, 11, 12, 13], [0, 7, 0, 7], [1, 1, 1, null]] as const;
  const lines = all.map((line) => [...line]) as [number[], ...(number | null)[][]];
  assert.deepEqual(broken(lines, [{ from: 11.2, to: 12.9 }]), [[10, 11, 12, 13], [0, null, null, 7], [1, null, null, null]]);
  assert.deepEqual(broken(lines, [{ from: 11.6, to: 12.4 }]), lines, "less than half of a step is none");
  assert.deepEqual(broken(lines, []), lines);
});

test("without values there are no steps", () => {
  assert.deepEqual(columns([undefined, series(0, [])], asIs), [[], [], []]);
});

test("another step is another grid, and nothing to mix in", () => {
  const all = [series(0, [1, 2]), series(0, [9, 9], 5_000)];
  assert.deepEqual(columns(all, asIs)[2], [null, null]);
});

test("gaps are shaded where the chart is, an open one to its end", () => {
  const at = (s: number): string => new Date(s * 1_000).toISOString();
  const gaps = [
    { start: at(1), end: at(5), cause: "DROPPED" },
    { start: at(8), end: at(12), cause: "DEAD_PEER" },
    { start: at(15), end: null, cause: "UNREACHABLE" },
    { start: at(40), end: null, cause: "CLOSED" },
  ];
  assert.deepEqual(shaded(gaps, { from: 10, to: 20 }), [
    { from: 10, to: 12, words: "no stream: dead peer, 4.0 s" },
    { from: 15, to: 20, words: "no stream: unreachable, not over" },
  ]);
});

test("the latest value is the last that is there", () => {
  assert.equal(latest([1, 2, null]), 2);
  assert.equal(latest([null]), null);
  assert.equal(latest([0]), 0);
});

test("a small chart starts from zero and breaks where nothing is known", () => {
  assert.equal(path([0, 5, 10], 20, 10), "M0.0 10.0L10.0 5.0L20.0 0.0");
  assert.equal(path([10, null, 10], 20, 10), "M0.0 0.0M20.0 0.0");
  assert.equal(path([], 20, 10), "");
  assert.equal(path([0, 0], 20, 10), "M0.0 10.0L20.0 10.0");
});
