import assert from "node:assert/strict";
import { test } from "node:test";

import { INITIAL, SORTS, THEMES, WINDOWS, parse, serialise, type View } from "../src/view/address.ts";
import { detailsOf, figuresOf } from "../src/data/questions.ts";

test("a view survives its URL, whatever its names hold", () => {
  for (const group of [undefined, "", "a&b=c", "<img src=x>", "ünïcödé +%", "(none)"]) {
    for (const { key: window } of WINDOWS) {
      for (const sort of SORTS) {
        for (const theme of THEMES) {
          const view: View = { window, by: "deployment", group, sort, search: "x y", theme, wall: true };
          assert.deepEqual(parse(serialise(view)), view);
        }
      }
    }
  }
});

test("the initial view needs no query, and nonsense is the initial view", () => {
  assert.equal(serialise(INITIAL), "");
  assert.deepEqual(parse(""), INITIAL);
  assert.deepEqual(parse("?window=2h&by=agent&sort=up&theme=pink&wall=yes&x=y"), INITIAL);
});

test("a direction is nothing to drill down to", () => {
  assert.equal(parse("?by=direction&group=inbound").group, undefined);
});

test("the total is asked for with all its series, over the span of the window", () => {
  const asked = detailsOf({ ...INITIAL, window: "1h" });
  assert.deepEqual(
    [asked["chartBy"], asked["group"], asked["last"], asked["step"], asked["all"], asked["filter"]],
    [null, null, 3_600, 15, true, null],
  );
  assert.equal(figuresOf(INITIAL)["one"], false);
});

test("a group's charts reach as far back as the engine keeps them, its sessions are filtered", () => {
  const view: View = { ...INITIAL, window: "1h", group: "vip" };
  const asked = detailsOf(view);
  assert.deepEqual([asked["chartBy"], asked["last"], asked["step"], asked["all"]], ["QUEUE", 300, 1, false]);
  assert.deepEqual(asked["filter"], { queue: "vip" });
  assert.deepEqual(detailsOf({ ...view, by: "deployment" })["filter"], { deployment: "vip" });
  const figures = figuresOf(view);
  assert.deepEqual(figures, { by: "QUEUE", group: "vip", one: true, window: "ONE_HOUR" });
});

test("every chart has a few hundred steps at most", () => {
  for (const { chartS, stepS } of WINDOWS) {
    assert.ok(chartS % stepS === 0 && chartS / stepS <= 300);
  }
});
