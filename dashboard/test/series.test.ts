import assert from "node:assert/strict";
import { test } from "node:test";

import type { Series } from "../src/data/answers.ts";
import { asIs, columns, latest, path, perMinute, shaded } from "../src/data/series.ts";

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

test("counts of a step become a rate", () => {
  assert.deepEqual(columns([series(0, [2, null], 15_000)], perMinute), [
    [0, 15],
    [8, null],
  ]);
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
    { start: at(1), end: at(5), cause: "" },
    { start: at(8), end: at(12), cause: "" },
    { start: at(15), end: null, cause: "" },
    { start: at(40), end: null, cause: "" },
  ];
  assert.deepEqual(shaded(gaps, { from: 10, to: 20 }), [
    { from: 10, to: 12 },
    { from: 15, to: 20 },
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
